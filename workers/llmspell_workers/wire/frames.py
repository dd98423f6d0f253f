"""The kinds of frame, and the shape of each field: the vocabulary, as tables.

The rule kept here: every field of every frame is checked by type before anyone sees it.
"""

from __future__ import annotations

from llmspell_workers.wire.sending import count, encode
from llmspell_workers.wire.values import MAX_VALUES, Packed, Unsendable, Violation, decode, shown

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from collections.abc import Callable

PROTOCOL_VERSION = 1


class Frame:
    """One message. Subclasses name their fields in `__slots__`, in the order in which they travel."""

    __slots__: tuple[str, ...] = ()
    kind = 0

    def fields(self) -> tuple[object, ...]:
        """The values of the fields, in order."""
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Frame) and self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r:.60}" for name, value in zip(self.__slots__, self.fields(), strict=True))
        return f"{type(self).__name__}({shown})"


class Hello(Frame):
    """The worker is armed and ready. `features` is a map of what its engine can do."""

    __slots__ = __match_args__ = ("protocol", "engine", "version", "features")
    kind = 1

    def __init__(self, protocol: int, engine: str, version: str, features: dict[str, object]) -> None:
        self.protocol, self.engine, self.version, self.features = protocol, engine, version, features


class Configure(Frame):
    """What holds for all runs of this session. `replay` is nil, or the seed and clock of a deterministic run."""

    __slots__ = __match_args__ = ("protocol", "limits", "settings", "surface", "environment", "replay")
    kind = 2

    def __init__(
        self,
        protocol: int,
        limits: dict[str, object],
        settings: dict[str, object],
        surface: dict[str, object],
        environment: dict[str, object],
        replay: dict[str, object] | None = None,
    ) -> None:
        self.protocol, self.limits, self.settings = protocol, limits, settings
        self.surface, self.environment, self.replay = surface, environment, replay


class Run(Frame):
    """Run this source. `arguments` is `{positionals = [...], named = {...}}`; `mode` is `run` or `check`."""

    __slots__ = __match_args__ = ("run", "source", "name", "arguments", "mode")
    kind = 3

    def __init__(self, run: int, source: bytes, name: str, arguments: dict[str, object], mode: str = "run") -> None:
        self.run, self.source, self.name, self.arguments, self.mode = run, source, name, arguments, mode


class Output(Frame):
    """Bytes that the script printed; `stream` is `stdout` or `stderr`."""

    __slots__ = __match_args__ = ("stream", "data")
    kind = 4

    def __init__(self, stream: str, data: bytes) -> None:
        self.stream, self.data = stream, data


class Call(Frame):
    """The script asks for something. Call ids rise: an id is never used twice."""

    __slots__ = __match_args__ = ("call", "capability", "arguments")
    kind = 5

    def __init__(self, call: int, capability: str, arguments: object) -> None:
        self.call, self.capability, self.arguments = call, capability, arguments


class Reply(Frame):
    """The one answer to a call: its value, or an error `{kind, message, details}`."""

    __slots__ = __match_args__ = ("call", "ok", "value")
    kind = 6

    def __init__(self, call: int, ok: bool, value: object) -> None:
        self.call, self.ok, self.value = call, ok, value


class Done(Frame):
    """The script finished. `exit_status` is 0 to 255 if it asked for one, else nil."""

    __slots__ = __match_args__ = ("run", "value", "exit_status", "usage")
    kind = 7

    def __init__(self, run: int, value: object, exit_status: int | None, usage: dict[str, object]) -> None:
        self.run, self.value, self.exit_status, self.usage = run, value, exit_status, usage


class Failed(Frame):
    """The script failed: `{kind, message, line, column, traceback}`, lines from 1, traceback a list of text."""

    __slots__ = __match_args__ = ("run", "error", "usage")
    kind = 8

    def __init__(self, run: int, error: dict[str, object], usage: dict[str, object]) -> None:
        self.run, self.error, self.usage = run, error, usage


class Fatal(Frame):
    """The worker cannot go on; it exits at once."""

    __slots__ = __match_args__ = ("message",)
    kind = 9

    def __init__(self, message: str) -> None:
        self.message = message


class Shutdown(Frame):
    """The worker ends silently with exit status 0."""

    __slots__ = __match_args__ = ()
    kind = 10


KINDS: dict[int, type[Frame]] = {
    frame.kind: frame for frame in (Hello, Configure, Run, Output, Call, Reply, Done, Failed, Fatal, Shutdown)
}

FIELDS: dict[type[Frame], tuple[str, ...]] = {
    Hello: ("uint", "name", "name", "map"),
    Configure: ("uint", "map", "map", "map", "map", "map or nil"),
    Run: ("uint", "bytes", "text", "map", "run or check"),
    Output: ("stdout or stderr", "bytes"),
    Call: ("uint", "name", "map"),
    Reply: ("uint", "bool", "value"),
    Done: ("uint", "value", "exit status or nil", "map"),
    Failed: ("uint", "error", "map"),
    Fatal: ("text",),
    Shutdown: (),
}
"""The shape of each field, in the order of the frame's `__slots__`; the shapes are the keys of `_SHAPES`."""

MAX_NAME_BYTES = 200
_MAX_TRACEBACK = 256


def _is_uint(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_uint_or_nil(value: object) -> bool:
    return value is None or _is_uint(value)


def _is_traceback(value: object) -> bool:
    return value is None or (
        type(value) is list and len(value) <= _MAX_TRACEBACK and all(type(row) is str for row in value)
    )


def _is_error(value: object) -> bool:
    return type(value) is dict and all(fits(value.get(key)) for key, fits in _OF_AN_ERROR)


def _told(shape: str, value: object) -> str:
    """What a field holds instead; of an error, the first key that does not fit."""
    if shape == "error" and type(value) is dict:
        key = next(key for key, fits in _OF_AN_ERROR if not fits(value.get(key)))
        return f"its {key} is {shown(value.get(key))}"
    return shown(value)


def _is_name(value: object) -> bool:
    return (
        type(value) is str
        and 0 < len(value) <= MAX_NAME_BYTES
        and len(value.encode("utf-8", "surrogatepass")) <= MAX_NAME_BYTES  # surrogates: the check of text says it
    )


_OF_AN_ERROR = (
    ("kind", _is_name),
    ("message", lambda value: type(value) is str),
    ("line", _is_uint_or_nil),
    ("column", _is_uint_or_nil),
    ("traceback", _is_traceback),
)
_SHAPES = {
    "uint": _is_uint,
    "name": _is_name,
    "text": lambda value: type(value) is str,
    "bytes": lambda value: type(value) is bytes,
    "bool": lambda value: type(value) is bool,
    "map": lambda value: type(value) is dict,
    "map or nil": lambda value: value is None or type(value) is dict,
    "run or check": lambda value: type(value) is str and value in ("run", "check"),
    "stdout or stderr": lambda value: type(value) is str and value in ("stdout", "stderr"),
    "exit status or nil": lambda value: value is None or (_is_uint(value) and value < 256),
    "error": _is_error,
    "value": lambda _value: True,
}
"""What each shape of field is. A name is 1 to 200 bytes of text; an error is as `Failed` says."""

_CHECKS: dict[type[Frame], tuple[tuple[str, str, Callable[[object], bool]], ...]] = {
    frame: tuple((name, shape, _SHAPES[shape]) for name, shape in zip(frame.__slots__, shapes, strict=True))
    for frame, shapes in FIELDS.items()
}
_VALUE_AT = {Call: 3, Reply: 3, Done: 2}
"""Where the value stands that an engine may pack and unpack by itself."""


def parse_frame(body: bytes) -> Frame:
    """The frame that `body` (a frame without its length) holds; raises Violation."""
    items = decode(body, depth=0)
    if type(items) is not list or not items:
        raise Violation("a frame is no list that begins with its kind")
    number = items[0]
    frame = KINDS.get(number) if type(number) is int else None
    if frame is None:
        raise Violation(f"a frame is of the unknown kind {shown(number)}")
    checks = _CHECKS[frame]
    if len(items) != len(checks) + 1:
        raise Violation(f"a {frame.__name__} frame has {len(items) - 1} fields and needs {len(checks)}")
    made = frame.__new__(frame)
    for index, (name, shape, fits) in enumerate(checks, 1):
        value = items[index]
        if not fits(value):
            raise Violation(f"the field {name} of a {frame.__name__} frame is no {shape}: {_told(shape, value)}")
        setattr(made, name, value)
    return made


def frame_body(frame: Frame) -> bytes:
    """The bytes of a frame, without its length; raises Unsendable with the place."""
    kind = type(frame)
    checks = _CHECKS.get(kind)
    if checks is None:
        raise Unsendable(kind.__name__, "is no frame")
    position = _VALUE_AT.get(kind)
    values = 2  # the list and the kind
    for index, (name, shape, fits) in enumerate(checks, 1):
        value = getattr(frame, name)
        if type(value) is Packed and index == position:
            values += 1  # at least: whoever packed it keeps the budget
            continue
        if not fits(value):
            raise Unsendable(f"{kind.__name__}.{name}", f"is no {shape}: {_told(shape, value)}")
        place = "result" if index == position else name
        values += 1 if type(value) is int and index != position else count(value, place)
    if values > MAX_VALUES:
        raise Unsendable(kind.__name__, f"holds {values:,} values, and one frame holds {MAX_VALUES:,}")
    items = [kind.kind, *frame.fields()]
    value = None if position is None else items[position]
    if type(value) is not Packed:
        return encode(items, kind.__name__)
    packed = value.data[value.start :] if value.start else value.data
    parts = [packed if item is value else encode(item, kind.__name__) for item in items]
    return b"".join([bytes([0x90 + len(items)]), *parts])


def split_reply(body: bytes) -> Reply | None:
    """A Reply whose value stays packed, for an engine that reads it itself; None if `body` is another frame.

    The host is trusted by its workers, and the engine's own codec checks depth and keys.
    """
    if len(body) < 5 or body[0] != 0x94 or body[1] != Reply.kind:
        return None
    first = body[2]
    size = 0 if first < 0x80 else {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}.get(first, -1)
    if size < 0 or len(body) < 5 + size or body[3 + size] not in (0xC2, 0xC3):
        raise Violation("a Reply frame has no call id and no ok flag")
    number = int.from_bytes(body[3 : 3 + size], "big") if size else first
    return Reply(number, body[3 + size] == 0xC3, Packed(body, 4 + size))
