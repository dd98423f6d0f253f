"""Rules of values: each type comes back as it was handed over or is refused, never as something else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llmspell.engines.conformance.rule import Rule, insist
from llmspell.engines.conformance.subject import Ran, Subject, told
from llmspell_workers.wire import Done, Failed, Fatal, Reply


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


GROUPS: dict[str, tuple[str, list[Any]]] = {
    "nil": ("nil", [None]),
    "booleans": ("booleans", [True, False]),
    "integers": ("integers from -2^63 to 2^63 - 1",
                 [0, 1, 127, 128, 255, 256, 65535, 65536, 2**32, 2**53 + 1, 2**63 - 1, -1, -32, -33, -129, -(2**63)]),
    "floats": ("floats, with NaN and the infinities",
               [0.5, -0.1, 1e308, 5e-324, 1.0, -0.0, math.inf, -math.inf, math.nan]),
    "text": ("text, which is UTF-8 and may hold anything",
             ["", "x" * 31, "x" * 32, "x" * 256, "x" * 70_000, "é\U0001f600", "a\0b", "\r\n\x1b[0m",
              " x \n", "\ufeffx", "e\u0301", "12"]),
    "bytes": ("bytes that are no text", [b"\xff", bytes(range(256)), b"\xff" * 70_000]),
    "lists": ("lists", [[1, 2.5, "x"], [[]], [None, 1, None], list(range(16)), list(range(70_000))]),
    "maps": ("maps with text keys, whatever the text", [{"a": {"b": 1}}, {"": 1, "é": 2, "__proto__": 3, "a b": 4},
                                                        {f"k{n}": n for n in range(20)},
                                                        {"A": 1, "a": 2, "1": 3, "01": 4, "a\0b": 5}]),
    "depth": ("values of 46 levels", [nested(46)]),
}  # fmt: skip


def comes_back(values: list[Any]) -> Callable[[Subject], None]:
    def check(subject: Subject) -> None:
        with subject.configured() as talk:
            for value in values:
                ran = talk.run(subject.spells["back"], lambda _, value=value: (True, value))  # type: ignore[misc]
                _compare(value, ran)

    return check


def _compare(value: Any, ran: Ran) -> None:
    shown = repr(value) if len(repr(value)) < 60 else f"{type(value).__name__} of {len(repr(value))} characters"
    if isinstance(ran.last, Failed):
        kind = ran.last.error.get("kind")
        insist(kind in ("validation", "memory"), f"{shown} ended the run with {told(ran.last)}")
    else:
        insist(same(value, ran.last.value), f"{shown} came back as {ran.last.value!r:.60}")


def same(given: Any, found: Any) -> bool:
    """Whether a value is the one that was given, as far as languages can tell.

    A whole float may be an integer, bytes that are UTF-8 may be text, an empty list an empty map, and a nil in a map
    may be left out.

    >>> same([1.0, {}], [1, []]), same(1, 2), same(2**53 + 1, float(2**53)), same("1", 1)
    (True, False, False, False)
    """
    if isinstance(given, bool) or given is None or isinstance(found, bool) or found is None:
        return given is found
    if isinstance(given, float) and isinstance(found, float):
        return (given == found and math.copysign(1, given) == math.copysign(1, found)) or (
            math.isnan(given) and math.isnan(found)
        )
    if isinstance(given, int | float) and isinstance(found, int | float):
        return given == found and (type(given) is float or type(found) is int)
    if isinstance(given, bytes) and isinstance(found, str):
        return given == found.encode()
    if type(given) in (list, dict) and type(found) in (list, dict) and not given and not found:
        return True
    if isinstance(given, list) and isinstance(found, list):
        return len(given) == len(found) and all(map(same, given, found))
    if isinstance(given, dict) and isinstance(found, dict):
        kept = {key for key in given if given[key] is not None or key in found}
        return kept == found.keys() and all(same(given[key], found[key]) for key in kept)
    return type(given) is type(found) and bool(given == found)


def takes_wide_headers(subject: Subject) -> None:
    """The same reply as others, in the widest form of each of its parts."""
    with subject.configured() as talk:
        talk.begin(subject.spells["back"])
        call = talk.first_call()
        number = b"\xd3" + (5).to_bytes(8, "big")
        text = b"\xdb\0\0\0\x01x"
        value = b"\xdd\0\0\0\x03" + number + text + b"\xdf\0\0\0\x01" + text + b"\xca\x3f\x00\x00\x00"
        body = b"\xdd\0\0\0\x04\xd3" + (6).to_bytes(8, "big") + b"\xd3" + call.call.to_bytes(8, "big") + b"\xc3" + value
        talk.reply_raw(call, body)
        last = talk.end_of_run()
        insist(isinstance(last, Done) and same([5, "x", {"x": 0.5}], last.value), f"it ended with {told(last)}")


def takes_a_mebibyte(subject: Subject) -> None:
    value = "x" * (1 << 20)
    last = subject.run("back", lambda _: (True, value)).last
    insist(isinstance(last, Done) and last.value == value, f"it ended with {told(last)}")


def takes_the_largest_reply(subject: Subject) -> None:
    """A reply as long as the host ever sends one: it may be refused, but not by death."""
    size = min(16 << 20, subject.memory // 4) - 64
    with subject.configured() as talk:
        talk.begin(subject.spells["back"])
        call = talk.first_call()
        talk.send(Reply(call.call, True, b"\xff" * size))
        frame = talk.receive(3)
        fine = isinstance(frame, (Done, Failed)) or (isinstance(frame, Fatal) and frame.message == "memory")
        insist(fine, f"a reply of {size:,} bytes was answered by {told(frame)}")


def gives_no_frame_over_the_cap(subject: Subject) -> None:
    """What it returns is longer than a frame to the host may be."""
    value = b"\xff" * (3 << 20)
    with subject.configured() as talk:
        ran = talk.run(subject.spells["back"], lambda _: (True, [value, b"\xff" * (2 << 20)]))
        insist(isinstance(ran.last, Failed), f"a value over the cap of a frame ended with {told(ran.last)}")
        again = talk.run(subject.spells["back"], lambda _: (True, 5))
        insist(isinstance(again.last, Done), f"the run after it ended with {told(again.last)}")


RULES = (
    *(Rule(f"value.{name}", f"{says} come back as they are, or are refused", comes_back(values), "back")
      for name, (says, values) in GROUPS.items()),
    Rule("value.wide", "understands any width of integer, length and header", takes_wide_headers, "back"),
    Rule("value.big", "takes a reply of 1 MiB, and gives it back", takes_a_mebibyte, "back"),
    Rule("value.largest", "takes the largest reply that the host sends, or says that there is no memory for it",
         takes_the_largest_reply, "back"),
    Rule("value.cap", "sends no frame over 4 MiB: what is longer is an error of the script",
         gives_no_frame_over_the_cap, "back"),
)  # fmt: skip
