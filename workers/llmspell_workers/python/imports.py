"""Imports of a confined process, which opens no file: the library comes through the host, and so do modules.

Theory of operation. What needs code of the machine, the library's extension modules, is mapped before the process is
confined (`map_extensions`) and initialised by the import itself: the loader finds it mapped, and opens nothing. All
else of the library the host reads and hands over, as it does granted packages and modules beside the script. They come
in this order, so no module beside a script can take the place of one that another module of the library counts on.
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys
from _ctypes import dlopen
from _frozen_importlib import BuiltinImporter, FrozenImporter, ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

from llmspell_workers.python.calls import Calls
from llmspell_workers.python.errors import CallError, DeniedImportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType

_LEFT_OUT = frozenset((
    "_crypt", "_ctypes_test", "_curses", "_curses_panel", "_dbm", "_gdbm", "_hashlib", "_multiprocessing",
    "_posixshmem", "_sqlite3", "_ssl", "_tkinter", "nis", "ossaudiodev", "readline", "spwd", "syslog", "termios",
    "_lsprof", "resource", "audioop", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr",
    "_codecs_tw", "_ctypes", "_struct", "_interpreters", "_interpchannels", "_interpqueues", "_curses_panel",
))  # fmt: skip
"""Those that need large libraries of the system, files, terminals or processes; the last ones are loaded anyway."""
_TESTS = ("_test", "_xx", "xx")
_IMPORT, _ASKING = "_find_and_load_unlocked", 2
"""The function of importlib that imports, and how far above a finder it stands."""


class Library:
    """The extension modules that are mapped, by name: where they lie. `broken` are those of packages that could not be,
    and why."""

    __slots__ = ("broken", "extensions")

    def __init__(self) -> None:
        self.extensions: dict[str, str] = {}
        self.broken: dict[str, str] = {}

    def map_extensions(self) -> None:
        """Maps them all. To be called before the process is confined."""
        suffix = _imp.extension_suffixes()[0]
        folder = next((path for path in sys.path if path.endswith("lib-dynload")), "")
        for file in sorted(os.listdir(folder)) if folder else ():
            name = file.removesuffix(suffix)
            if name == file or name in _LEFT_OUT or name.startswith(_TESTS):
                continue
            path = f"{folder}/{file}"
            try:
                dlopen(path, os.RTLD_LAZY)
            except OSError:
                continue  # a library of the system that it needs is not there
            self.extensions[name] = path


class Finder:
    """The only finder of modules: what the others would find lies in files."""

    def __init__(
        self,
        calls: Calls,
        library: Library,
        compiled: Callable[[bytes | str, str], CodeType],
        *,
        granted: object = None,
    ) -> None:
        """`compiled` makes code of a script's source and name, and keeps the name as one of the script's files.

        `granted` are the first names of the modules of packages that are granted.
        """
        self._calls, self._library, self._compiled = calls, library, compiled
        self._granted = frozenset(granted) if isinstance(granted, (list, tuple)) else frozenset[str]()
        self._hooks: dict[str, Callable[[], None]] = {}

    def after(self, name: str, hook: Callable[[], None]) -> None:
        """Has `hook` called once the module is loaded."""
        self._hooks[name] = hook

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> object:  # noqa: ARG002
        """The module's spec. ModuleNotFoundError tells an import why there is none; who only asks is given None."""
        try:
            return self._found(name, path)
        except ModuleNotFoundError:
            if sys._getframe(_ASKING).f_code.co_name == _IMPORT:
                raise
            return None

    def _found(self, name: str, path: Sequence[str] | None) -> object:
        for importer in (BuiltinImporter, FrozenImporter):
            if (spec := importer.find_spec(name, path)) is not None:
                return spec
        file = self._library.extensions.get(name)
        if file is not None:
            return ModuleSpec(name, ExtensionFileLoader(name, file), origin=file)
        if name in self._library.broken:
            raise ImportError(f"{name} could not be mapped: {self._library.broken[name]}", name=name)
        first = name.partition(".")[0]
        if first in sys.stdlib_module_names or name.startswith("_sysconfigdata_"):
            return self._in_library(name)
        return self._in_package(name) if first in self._granted else self._beside_script(name)

    def _in_library(self, name: str) -> object:
        found = self._asked(name, "library.load", {"name": name}, _of_library)
        return _spec(name, _Source(self, name, found), package=found.get("package") is True)

    def _in_package(self, name: str) -> object:
        found = self._asked(name, "library.load", {"name": name}, _of_package)
        spec = _spec(name, _Source(self, name, found), package=found.get("package") is True)
        spec.origin = str(found.get("name"))
        spec.has_location = True  # the module has a `__file__`, as those beside the script do: its name in the package
        return spec

    def _beside_script(self, name: str) -> object:
        paths = _paths(name)
        found = self._asked(name, "module.load", {"name": name, "paths": paths}, _of_script)
        return _spec(name, _Source(self, name, found), package=found.get("name") == paths[1])

    def _asked(
        self, name: str, capability: str, arguments: dict[str, object], why: Callable[[str, CallError], str]
    ) -> dict[str, object]:
        self._calls.still += 1  # whoever imports holds a lock: it gives way to nobody
        try:
            found = self._calls.call(capability, arguments)
        except CallError as error:
            if error.kind == "denied" and capability == "module.load":
                raise DeniedImportError(why(name, error), details=error.details) from None
            raise ModuleNotFoundError(why(name, error), name=name) from None
        finally:
            self._calls.still -= 1
        if not isinstance(found, dict):
            raise ModuleNotFoundError(f"no module named {name!r}", name=name)
        return found

    def source_of(self, name: str) -> str | None:
        """The text of a module that lies beside the script; of others nothing is told."""
        if name.partition(".")[0] in self._granted or name.partition(".")[0] in sys.stdlib_module_names:
            return None
        found = self._asked(name, "module.load", {"name": name, "paths": _paths(name)}, _of_script)
        return decoded(found.get("source"))

    def execute(self, name: str, found: dict[str, object], module: ModuleType) -> None:
        """Runs the body of a module."""
        code, source, file = found.get("code"), found.get("source"), found.get("name")
        self._calls.still += 1
        try:
            if isinstance(code, bytes):
                exec(marshal.loads(code), module.__dict__)
            elif "code" in found:  # of the library, where Python keeps no code of it
                exec(compile(_text(source), f"<library>/{file}", "exec", dont_inherit=True), module.__dict__)
            else:
                module.__file__ = str(file)
                exec(self._compiled(_text(source), str(file)), module.__dict__)
        finally:
            self._calls.still -= 1
        hook = self._hooks.pop(name, None)
        if hook is not None:
            hook()


class _Source:
    """Loads one module from what the host has answered."""

    __slots__ = ("_finder", "_found", "_name")

    def __init__(self, finder: Finder, name: str, found: dict[str, object]) -> None:
        self._finder, self._name, self._found = finder, name, found

    def create_module(self, _spec: object) -> None:
        """The usual one."""

    def exec_module(self, module: ModuleType) -> None:
        """Runs its body, and keeps nothing of it."""
        found, self._found = self._found, {}
        self._finder.execute(self._name, found, module)

    def get_source(self, name: str) -> str | None:
        """The text, which the host is asked for again: for tracebacks that a script prints, and `inspect`."""
        return self._finder.source_of(name)


def decoded(source: object) -> str:
    """A source as text, by the encoding that it names itself. Raises SyntaxError, UnicodeDecodeError."""
    from importlib.util import decode_source

    return source if isinstance(source, str) else decode_source(bytes(source))  # type: ignore[call-overload]


def _paths(name: str) -> list[object]:
    path = name.replace(".", "/")
    return [f"{path}.py", f"{path}/__init__.py"]


def _text(source: object) -> bytes | str:
    """A source as the host gave it: bytes, or text where it was a small one."""
    return source if isinstance(source, bytes) else str(source)


def _spec(name: str, loader: _Source, *, package: bool) -> ModuleSpec:
    return ModuleSpec(name, loader, origin="llmspell", is_package=package)  # type: ignore[arg-type]


def _of_library(name: str, _error: CallError) -> str:
    return (
        f"no module named {name!r}: this part of the standard library is not there for scripts, because it needs"
        " files, the network, processes or a library of the system"
    )


def _of_package(name: str, error: CallError) -> str:
    return f"no module named {name!r}: {error.message}"


def _of_script(name: str, error: CallError) -> str:
    return (
        f"no module named {name!r}: {error.message}; installed packages are there if they are granted:"
        " --allow-package NAME, by the name that pip has for it"
    )
