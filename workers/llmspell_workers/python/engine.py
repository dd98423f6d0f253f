"""CPython in a worker: the script is the module `__main__` of this very process.

Theory of operation. Nothing is hidden from the script, and nothing has to be: there is no secret in the process, and
what it may do to the machine the kernel decides. So all that is done here is for the comfort of honest scripts: what
the kernel refuses says so clearly, the library is there although no file is, and the adapter stands in no traceback.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
import types
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

from llmspell_workers.bridge import Bridge, has_room
from llmspell_workers.confine.steps import SystemCalls, hold_stack
from llmspell_workers.python.absent import say_what_is_absent
from llmspell_workers.python.arguments import arguments_of
from llmspell_workers.python.calls import Calls
from llmspell_workers.python.documents import Json
from llmspell_workers.python.errors import CLASSES
from llmspell_workers.python.imports import Finder, Library, decoded
from llmspell_workers.python.loop import install
from llmspell_workers.python.objects import Generated
from llmspell_workers.python.parallel import Branches
from llmspell_workers.python.refusals import count_refusals
from llmspell_workers.python.report import describe, is_out_of_memory, line_of, syntax_error
from llmspell_workers.python.seeded import make_deterministic
from llmspell_workers.python.source import IS_COROUTINE, compile_module, compile_script, is_begun
from llmspell_workers.python.standard import attach, flush, replace_what_the_host_does
from llmspell_workers.python.surface import Global, Surface
from llmspell_workers.python.where import Where
from llmspell_workers.wire import Configure, Done, Failed, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType
    from typing import Any

RAW_REPLIES = True
VERSION = "CPython " + ".".join(map(str, sys.version_info[:3]))
FEATURES: dict[str, object] = {
    "parallel": True, "modules": True, "check": True, "streaming": True, "seed": True,
    "last_line": True, "names": (
        "dir(eval(ARGS[1])) if ARGS[1:] else [*globals(), *dir(__builtins__), *__import__('keyword').kwlist]"
    ),
}  # fmt: skip
_RESERVE = 2 * 1024 * 1024
"""Bytes, given back to tell where memory ran out: an arena of Python's small objects, and what finds its place. Mapped:
what the C library frees it may keep for itself."""
_SURELY_FITS, _ROOM = 64 * 1024, 8 * 1024 * 1024
"""Bytes: of a source that is no larger, where so much room is left, a MemoryError means that it is nested too deeply:
the parser tells the one like the other."""

STACK = 2624 * 1024
"""Bytes: what functions of C that call back into Python take, 1000 deep, is 2424 KiB, measured."""

_library = Library()
_where = Where()


def map_packages(extensions: Sequence[str], memory: int) -> None:
    """Maps extension modules of granted packages, `NAME=FILE` each. Raises MemoryError, ValueError."""
    from llmspell_workers.python.packages import map_files

    mapped, broken = map_files(extensions, memory)
    _library.extensions.update(mapped)
    _library.broken.update(broken)


def prepare() -> None:
    """What has to be done before the process is confined."""
    _library.map_extensions()
    _where.listen()
    hold_stack(SystemCalls(), STACK)


class Engine:
    """The interpreter of one session."""

    def __init__(
        self, configure: Configure, bridge: Bridge, finish: Callable[[Done], None], tell_line: Callable[[int], None]
    ) -> None:
        """`finish` is not needed: `sys.exit` unwinds. `tell_line` ends a run with the line that was asked for."""
        del finish
        self._bridge = bridge
        self._calls = Calls(bridge)
        self._branches = Branches(self._calls)
        self._files: set[str] = set()
        self._keeps = configure.settings.get("session") is True  # then several texts have one name
        self._main = types.ModuleType("__main__")
        self._top: Any = None
        self._frame: types.FrameType | None = None
        self._finder = Finder(self._calls, _library, self._compile_module, granted=configure.settings.get("packages"))
        self._finder.after("asyncio", lambda: install(self._calls, self._branches))
        sys.meta_path[:] = [self._finder]  # type: ignore[list-item]
        say_what_is_absent(self._finder.after)
        replace_what_the_host_does(self._calls)
        if bridge.seeded is not None:
            make_deterministic(bridge.seeded, self._finder.after)
        attach(bridge, self._calls)
        self._calls.counted_elsewhere = count_refusals(self._calls, self._files)
        os.environ.clear()
        os.environ.update({name: str(value) for name, value in configure.environment.items()})
        self._publish(configure)
        _where.watch(self._outer_frame, tell_line)

    def run(self, run: Run) -> Done | Failed:
        """Runs a source to its end. Raises nothing for what a script does."""
        out_of_memory = Failed(run.run, _memory_error(None), {"memory_refusals": 1})
        try:
            reserve = mmap(-1, _RESERVE, flags=MAP_PRIVATE | MAP_ANONYMOUS)
        except OSError:  # an earlier run of the session has left too little
            return out_of_memory
        try:
            return self._run(run, reserve)
        except MemoryError:  # once more, on the way of the first
            reserve.close()
            out_of_memory.error["line"] = self._frame.f_lineno if self._frame else None
            return out_of_memory
        finally:
            _where.script = None
            self._top = self._frame = None
            reserve.close()
            self._branches.reset()
            self._calls.reset()
            self._bridge.abandon()

    def collect(self) -> None:
        """Frees what the script has left behind: there was no memory for the last frame."""
        self._main.__dict__.clear()
        gc.collect()

    def _run(self, run: Run, reserve: mmap) -> Done | Failed:
        self._files.add(run.name)
        try:
            code, last = compile_script(run.source, run.name)
        except MemoryError:
            if len(run.source) > _SURELY_FITS or not has_room(_ROOM):
                raise
            return self._failed(run, syntax_error(SyntaxError("it is nested too deeply"), run.name))
        except (SyntaxError, ValueError, RecursionError, OverflowError) as error:
            unread = syntax_error(error, run.name)
            if run.mode == "check" and is_begun(run.source, run.name):
                unread["incomplete"] = True
            return self._failed(run, unread)
        if run.mode == "check":
            return Done(run.run, None, None, self._usage())
        self._prepare(run)
        value, status, failure = None, None, None
        try:
            _where.script = run.name
            value = self._execute(code, last)
            flush()
        except SystemExit as error:
            status = _status(error.code)
            flush()
        except BaseException as error:  # noqa: BLE001 - whatever a script raises is how its run ended
            reserve.close()  # before a function is called: there may be no room for its frame
            if is_out_of_memory(error):
                line = line_of(error, run.name) or (self._frame.f_lineno if self._frame else None)
                failure = _memory_error(line)
                self._calls.refusals += 1
            else:
                flush()
                failure = describe(error, run.name, self._files)
        _where.script = None
        if failure is not None:
            return self._failed(run, failure)
        return Done(run.run, value, status, self._usage())

    def _execute(self, code: CodeType | None, last: CodeType | None) -> object:
        names = self._main.__dict__
        if all(part is None or not part.co_flags & IS_COROUTINE for part in (code, last)):
            if code is not None:
                sys.settrace(self._keep_frame)
                exec(code, names)
            return eval(last, names) if last is not None else None
        import asyncio

        async def both() -> object:
            value: Any = None
            for part in (code, last):
                value = eval(part, names) if part is not None else None
                if part is not None and part.co_flags & IS_COROUTINE:
                    value = await value
            return value

        self._top = both()
        return asyncio.run(self._top)

    def _keep_frame(self, frame: types.FrameType, _event: str, _arg: object) -> None:
        """Keeps the script's outermost frame: where memory runs out, there may be none for a traceback."""
        sys.settrace(None)
        self._frame = frame

    def _outer_frame(self) -> types.FrameType | None:
        """Where the script waits, if it is not on the stack: for a branch, or for what a coroutine awaits."""
        found, step = self._branches.outer_frame(), self._top
        while step is not None:
            frame = getattr(step, "cr_frame", None)
            if frame is not None and frame.f_code.co_filename == _where.script:
                found = frame
            step = getattr(step, "cr_await", None)
        return found

    def _prepare(self, run: Run) -> None:
        """The module `__main__`, which a session keeps, and the arguments."""
        names = self._main.__dict__
        names.update({"__name__": "__main__", "__builtins__": builtins, "__file__": run.name})
        names["__loader__"] = None if self._keeps else _Text(run.source)
        sys.modules["__main__"] = self._main
        given, sys.argv = arguments_of(run.name, run.arguments)
        names.update({"ARGS": given, "arg": given})

    def _publish(self, configure: Configure) -> None:
        """The script API, for the script and all its modules; also as the module `llmspell`."""
        made_here = {
            "JSON": Json(),
            "Streaming": Global("Streaming", {"create": Generated}),
            "parallel": self._branches.parallel,
        }
        names = Surface(self._calls, configure.surface, made_here).names
        for one in CLASSES:
            one.__module__ = "llmspell"  # as a traceback and `repr` say it
            names[one.__name__] = one
        module = types.ModuleType("llmspell", "The script API of llmspell.")
        for name, value in names.items():
            setattr(builtins, name, value)
            setattr(module, name, value)
        sys.modules["llmspell"] = module
        builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]

    def _compile_module(self, source: bytes | str, name: str) -> CodeType:
        self._files.add(name)
        return compile_module(source, name)

    def _failed(self, run: Run, error: dict[str, object]) -> Failed:
        return Failed(run.run, error, self._usage())

    def _usage(self) -> dict[str, object]:
        return {"memory_refusals": self._calls.refusals}


class _Text:
    """The loader of the script: tells its text, for tracebacks that it prints, and for `inspect`."""

    __slots__ = ("_source",)

    def __init__(self, source: bytes) -> None:
        self._source = source

    def get_source(self, _name: str) -> str:
        """The text of the script. Raises SyntaxError, UnicodeDecodeError."""
        return decoded(self._source)


def _memory_error(line: int | None) -> dict[str, object]:
    return {"kind": "memory", "message": "not enough memory", "line": line, "column": None, "traceback": []}


def _status(code: object) -> int:
    """As the kernel keeps it, but what is not 0 is no success."""
    if code is None:
        return 0
    if not isinstance(code, int):
        print(code, file=sys.stderr, flush=True)
        return 1
    return 255 if not code & 255 and code else code & 255
