"""How a run that failed is told to the host: its last frame, from what is known of the error."""

from __future__ import annotations

from llmspell_workers.javascript.absent import with_advice
from llmspell_workers.javascript.stacks import Described
from llmspell_workers.wire import Failed, Run

_MEMORY = "not enough memory"
_STUCK = "the script waits for a promise that nothing is left to settle"
_UNPLACED: dict[str, object] = {"kind": "runtime", "line": None, "column": None, "traceback": []}


def failed(run: Run, why: Described | None, *, started: bool) -> Failed:
    """The frame for an error that nobody caught; None is one that there was no memory to describe.

    `started`: the script had begun, so an error of the parser is of something that it has parsed itself.
    """
    if why is None or why.memory or why.is_null:  # when even an error is refused, QuickJS throws null instead
        return out_of_memory(run.run, why.line_in(run.name) if why else None)
    place = why.place_in(run.name)
    parser = why.syntax and not started
    error: dict[str, object] = {
        "kind": "syntax" if parser else why.kind,
        "message": why.message.removeprefix("SyntaxError: ") if parser else with_advice(why.message),
        "line": place[0] if place else None,
        "column": place[1] if place else None,
        "traceback": why.rows(),
    }
    if parser and _is_begun(run.source, why.message, place):
        error["incomplete"] = True
    return Failed(run.run, error, {"memory_refusals": 0})


def out_of_memory(run: int, line: int | None) -> Failed:
    """The frame for a script that has used up its memory."""
    return Failed(run, {**_UNPLACED, "kind": "memory", "message": _MEMORY, "line": line}, {"memory_refusals": 1})


def unsendable(run: int, why: str) -> Failed:
    """The frame for a result that cannot travel."""
    return Failed(run, {**_UNPLACED, "kind": "validation", "message": why}, {"memory_refusals": 0})


def stuck(run: int) -> Failed:
    """The frame for a script that waits for what cannot come."""
    return Failed(run, {**_UNPLACED, "message": _STUCK}, {"memory_refusals": 0})


def _is_begun(source: bytes, message: str, place: tuple[int, int] | None) -> bool:
    """Whether a source does not parse because it ends too early: the error stands behind its last character, or at the
    begin of what may span lines and was not closed."""
    if place is None:
        return False
    lines = source.decode("utf-8", "replace").rstrip().split("\n")
    line, column = place
    if line > len(lines) or (line == len(lines) and column > len(lines[-1])):
        return True
    if message.endswith("end of comment"):
        return True
    return message.endswith("end of string") and lines[line - 1][column - 1 : column] in ("`", "}")
