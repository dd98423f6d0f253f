"""What an exception that nobody caught says: kind, message, place, and the frames of the script's own files.

The rule kept here: the adapter and the library stand in no traceback, and no value of the script is asked more than its
text.
"""

from __future__ import annotations

from errno import ENOMEM

from llmspell_workers.python.errors import KINDS, CallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import TracebackType

MAX_MESSAGE = 8192
MAX_FRAMES = 30
MAX_CHAIN = 8
"""How many other exceptions stand in a traceback: causes, and the parts of groups."""
_MAX_DEPTH = 100_000
_MAX_PARTS = 10_000
_EVAL = "<string>"
_FORGOTTEN = "error return without exception set"


def describe(error: BaseException, script: str, files: Collection[str]) -> dict[str, object]:
    """The map of a `Failed` frame. `files` are the names of all sources of the script."""
    kind = error.kind if isinstance(error, CallError) and error.kind in KINDS else "runtime"
    line, column, rows = _places(error.__traceback__, script, files)
    for what, cause in _chain(error):
        rows.append(f"{what} {message_of(cause)[:500]}")
        rows += _places(cause.__traceback__, script, files)[2]
    return {"kind": kind, "message": message_of(error), "line": line, "column": column, "traceback": rows}


def syntax_error(error: BaseException, script: str) -> dict[str, object]:
    """The same for a source that does not parse."""
    line = column = None
    message = message_of(error)
    if isinstance(error, SyntaxError):
        message = str(error.msg)
        if error.filename == script:
            line, column = error.lineno or None, error.offset if (error.offset or 0) > 0 else None
    return {"kind": "syntax", "message": message, "line": line, "column": column, "traceback": []}


def message_of(error: BaseException) -> str:
    """`ValueError: what it says`; of a failed call only what it says."""
    name = type(error).__name__
    try:
        text = error.message if isinstance(error, CallError) else str(error)
        text = str.__str__(text) if isinstance(text, str) else "error"
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - the script's own __str__ runs here
        return f"{name}, whose text cannot be had"
    if not isinstance(error, CallError):
        text = f"{name}: {text}" if text else name
    if len(text) > MAX_MESSAGE:
        text = text[:MAX_MESSAGE] + "..."
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that memory was refused: also by the kernel's own word, and where CPython 3.11 forgets to say it.

    There a call of a function whose frame finds no room fails without an exception (`CALL_PY_EXACT_ARGS`).
    """
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, BaseExceptionGroup):
        return _refused(error) is not None
    if isinstance(error, OSError):
        return error.errno == ENOMEM
    return type(error) is SystemError and error.args == (_FORGOTTEN,)


def line_of(error: BaseException, script: str) -> int | None:
    """The innermost line of the script, and nothing more: there may be no memory for it."""
    if isinstance(error, BaseExceptionGroup):
        error = _refused(error) or error
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == script:
            line = step.tb_lineno
        step = step.tb_next
    return line


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """What it came from: the parts of a group, else its cause, each with what that came from behind it."""
    seen = {id(error)}
    left = _behind(error)
    while left and len(seen) <= MAX_CHAIN:
        what, following = left.pop()
        if id(following) not in seen:
            seen.add(id(following))
            yield what, following
            left += _behind(following)


def _behind(error: BaseException) -> list[tuple[str, BaseException]]:
    """What stands behind it directly, the first of it last."""
    found = []
    if error.__cause__ is not None:
        found = [("caused by", error.__cause__)]
    elif error.__context__ is not None and not error.__suppress_context__:
        found = [("while handling", error.__context__)]
    if isinstance(error, BaseExceptionGroup):
        found += [("caused by", part) for part in _parts(error)[MAX_CHAIN::-1]]
    return found


def _refused(group: BaseExceptionGroup) -> MemoryError | None:
    """The first MemoryError in it, or in a group in it."""
    left: list[BaseException] = [group]
    for _ in range(_MAX_PARTS):
        if not left:
            break
        part = left.pop()
        if isinstance(part, MemoryError):
            return part
        if isinstance(part, BaseExceptionGroup):
            left += _parts(part)[::-1]
    return None


def _parts(group: BaseExceptionGroup) -> tuple[BaseException, ...]:
    parts: tuple[BaseException, ...] = BaseExceptionGroup.exceptions.__get__(group)
    return parts  # not what a class of the script says they are


def _places(
    step: TracebackType | None, script: str, files: Collection[str]
) -> tuple[int | None, int | None, list[str]]:
    """The innermost line and column of the script's own file, and rows, the innermost frame first."""
    line = column = None
    found: list[tuple[str, int, str]] = []
    for _ in range(_MAX_DEPTH):
        if step is None:
            break
        code = step.tb_frame.f_code
        if code.co_filename in files or code.co_filename == _EVAL:
            found.append((code.co_filename, step.tb_lineno, code.co_name))
        if code.co_filename == script:
            line, column = step.tb_lineno, _column(step)
        step = step.tb_next
    return line, column, _rows(found)


def _rows(found: list[tuple[str, int, str]]) -> list[str]:
    """The frames as text; one that stands many times in a row, as in a recursion, stands once."""
    rows: list[str] = []
    at = len(found) - 1
    while at >= 0 and len(rows) < MAX_FRAMES:
        first = at
        while at > 0 and found[at - 1] == found[first]:
            at -= 1
        file, line, name = found[first]
        times = f" ({first - at + 1} times)" if first > at else ""
        rows.append(f"{file}:{line}: in {name}"[:1000] + times)
        at -= 1
    if at >= 0:
        rows.append(f"... {at + 1} more")
    return rows


def _column(step: TracebackType) -> int | None:
    """Where in its line, from 1 on."""
    for index, (_, _, column, _) in enumerate(step.tb_frame.f_code.co_positions()):
        if index * 2 == step.tb_lasti:
            return None if column is None else column + 1
    return None
