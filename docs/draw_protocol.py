"""Draws the tables of `protocol.md` from the tables of the wire, between the page's markers.

Run it after a change of the wire: `python docs/draw_protocol.py`. A test fails while the page and the tables disagree.
"""

from __future__ import annotations

import re
from pathlib import Path

from llmspell_workers.wire import (
    FIELDS,
    KINDS,
    MAX_DEPTH,
    MAX_VALUES,
    PROTOCOL_VERSION,
    TRANSITIONS,
    Call,
    Configure,
    Conversation,
    Done,
    Frame,
    Hello,
    Output,
    Reply,
    Run,
    Shutdown,
)
from llmspell_workers.wire.exchange import FROM_HOST, MAX_OPEN_CALLS, TO_HOST_CAP, TO_WORKER_CAP
from llmspell_workers.wire.frames import _MAX_TRACEBACK, MAX_NAME_BYTES

PAGE = Path(__file__).with_name("protocol.md")
SHAPES = {
    "uint": "an integer from 0 to 2^63 - 1",
    "name": f"text of 1 to {MAX_NAME_BYTES} bytes",
    "text": "text",
    "bytes": "bytes",
    "bool": "`true` or `false`",
    "map": "a map",
    "map or nil": "a map, or nil",
    "run or check": "the text `run` or the text `check`",
    "stdout or stderr": "the text `stdout` or the text `stderr`",
    "exit status or nil": "an integer from 0 to 255, or nil",
    "error": "a map as in [The error of a run](#the-error-of-a-run)",
    "value": "any value",
}
"""What each shape of field is, in words."""


def sender(kind: type[Frame]) -> str:
    """Whose frame it is."""
    return "host" if kind in FROM_HOST else "worker"


def draw_frames() -> str:
    """The table of frames: one line each, with the shape of every field."""
    lines = ["| kind | frame | from | fields, in order |", "| --- | --- | --- | --- |"]
    for number, kind in sorted(KINDS.items()):
        fields = ", ".join(f"`{name}`: {shape}" for name, shape in zip(kind.__slots__, FIELDS[kind], strict=True))
        lines.append(f"| {number} | `{kind.__name__}` | {sender(kind)} | {fields or 'none'} |")
    return "\n".join(lines)


def draw_shapes() -> str:
    """The table of shapes, for those that occur."""
    used = {shape for shapes in FIELDS.values() for shape in shapes}
    lines = ["| shape | is |", "| --- | --- |"]
    lines += [f"| {shape} | {words} |" for shape, words in SHAPES.items() if shape in used]
    return "\n".join(lines)


def draw_states() -> str:
    """The table of states: what may be sent in each, by whom, and the state after it."""
    lines = ["| state | frame | from | state after it |", "| --- | --- | --- | --- |"]
    for state, row in TRANSITIONS.items():
        for kind, after in row.items():
            lines.append(f"| {state} | `{kind.__name__}` | {sender(kind)} | {after} |")
        if not row:
            lines.append(f"| {state} | none | | |")
    return "\n".join(lines)


def draw_caps() -> str:
    """The table of caps."""
    mib = 1024 * 1024
    rows = {
        "one frame from a worker, without its length": f"{TO_HOST_CAP:,} bytes ({TO_HOST_CAP // mib} MiB)",
        "one frame towards a worker, without its length": (
            f"{TO_WORKER_CAP:,} bytes ({TO_WORKER_CAP // mib} MiB), and a quarter of the worker's memory limit"
        ),
        "levels of lists and maps in one field, the field's own included": f"{MAX_DEPTH}",
        "values in one frame": f"{MAX_VALUES:,}",
        "open calls": f"{MAX_OPEN_CALLS}",
        "a name": f"{MAX_NAME_BYTES} bytes",
        "lines of a traceback": f"{_MAX_TRACEBACK}",
    }
    lines = ["| of | at most |", "| --- | --- |"]
    lines += [f"| {what} | {cap} |" for what, cap in rows.items()]
    return "\n".join(lines)


EXAMPLE: tuple[tuple[Frame, str], ...] = (
    (Hello(PROTOCOL_VERSION, "toy", "1.0", {"check": True}), "the worker is ready"),
    (Configure(PROTOCOL_VERSION, {"memory": 52428800}, {}, {}, {}), "the host configures it"),
    (Run(1, b"hi", "a.toy", {"positionals": [], "named": {}}), "a source to run"),
    (Output("stdout", b"hi\n"), "the script prints"),
    (Call(1, "sleep", {"seconds": 0.5}), "the script calls"),
    (Reply(1, True, None), "the answer"),
    (Done(1, "bye", None, {}), "the script returns `bye`"),
    (Shutdown(), "nothing more to do: the worker exits with status 0"),
)


def draw_session() -> str:
    """A whole session, byte by byte, as two real ends of a conversation have it."""
    ends = {"host": Conversation("host"), "worker": Conversation("worker")}
    lines = ["| from | bytes | frame | |", "| --- | --- | --- | --- |"]
    for frame, why in EXAMPLE:
        data = ends[sender(type(frame))].send(frame)
        receiver = ends["worker" if sender(type(frame)) == "host" else "host"]
        receiver.receive(data)
        if receiver.next_frame() != frame:
            raise RuntimeError(f"{frame!r} did not arrive as it was sent")
        lines.append(f"| {sender(type(frame))} | `{data.hex(' ')}` | `{type(frame).__name__}` | {why} |")
    return "\n".join(lines)


SECTIONS = {
    "frames": draw_frames,
    "shapes": draw_shapes,
    "states": draw_states,
    "caps": draw_caps,
    "session": draw_session,
}


def drawn(page: str) -> str:
    """The page with its drawn sections made new. Raises ValueError for a marker that is missing or unknown."""
    left = dict(SECTIONS)

    def redraw(match: re.Match[str]) -> str:
        if match[1] not in left:
            raise ValueError(f"the page has a section {match[1]!r} that is not known, or has it twice")
        return f"<!-- drawn: {match[1]} -->\n\n{left.pop(match[1])()}\n\n<!-- end -->"

    made = re.sub(r"<!-- drawn: (\w+) -->.*?<!-- end -->", redraw, page, flags=re.DOTALL)
    if left:
        raise ValueError(f"the page has no section {', '.join(left)}")
    return made


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
