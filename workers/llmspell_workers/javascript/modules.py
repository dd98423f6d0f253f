"""ES modules beside the script: names are resolved here, files are found and read by the host.

The rule kept here: a name begins with `./` or `../` and is relative to the file that imports it; it never leaves the
script's folder. A message gives the position in a file, never the text of what did not parse.
"""

from __future__ import annotations

from llmspell_workers.bridge import Bridge
from llmspell_workers.javascript.library import EVAL_MODULE
from llmspell_workers.javascript.machine import JavaScriptError, Machine
from llmspell_workers.javascript.stacks import Described
from llmspell_workers.wire import Packed, WireError, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from llmspell_workers.javascript.library import Value

HERE = "./"
"""What the names of modules begin with; the script's own name does not."""
_MOST_NESTED = 64
"""Modules that import one another in a chain: each takes stack of the process."""
_LONGEST = 1024
_CHECKED = b"llmspell/checked"
"""What every module is while a source is only checked: no name that a script can say, for the machine keeps it."""


class ModuleError(Exception):
    """A module cannot be had; `kind` is one of the kinds of errors in scripts."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def resolve(base: str, name: str) -> str:
    """The name of a module that the module `base` imports as `name`. Raises ModuleError.

    >>> resolve("spell.js", "./lib/tea.js"), resolve("./lib/tea.js", "../cups.js")
    ('./lib/tea.js', './cups.js')
    """
    shown = ascii(name[:100])
    if not name.startswith(("./", "../")):
        raise ModuleError("not_found", f"module {shown} cannot be loaded: the name of a module begins with ./ or ../")
    if len(name) > _LONGEST:
        raise ModuleError("denied", f"module {shown} cannot be loaded: its name is over {_LONGEST} letters long")
    parts = base.split("/")[1:-1] if base.startswith(HERE) else []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                raise ModuleError("denied", f"module {shown} cannot be loaded: it is outside the script's folder")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return HERE + "/".join(parts)


class Modules:
    """What the machine asks when a module is imported. `throw` makes an error of the script API, by kind and text."""

    def __init__(
        self,
        machine: Machine,
        bridge: Bridge,
        throw: Callable[[str, str], None],
        describe: Callable[[Value], Described],
    ) -> None:
        self._machine = machine
        self._bridge = bridge
        self._throw = throw
        self._describe = describe
        self._nested = 0
        self.only_check = False

    def normalize(self, context: int, base: bytes, name: bytes, _opaque: object) -> int | None:
        """A module's whole name, in memory of the machine; none, and an error raised, where there is no such."""
        try:
            whole = resolve(base.decode("utf-8", "replace"), name.decode("utf-8", "replace")).encode()
            whole = _CHECKED if self.only_check else whole
            copy: int | None = self._machine.js.js_strndup(context, whole, len(whole))
            return copy
        except ModuleError as error:
            self._refuse(name, error)
            return None
        except Exception:  # noqa: BLE001 - the boundary towards JavaScript; what is left is want of memory
            self._machine.js.ThrowOutOfMemory(context)
            return None

    def _refuse(self, name: bytes, error: ModuleError) -> None:
        """Raises `error` in the script. What is denied the host denies as well: its verdict is by what it has seen."""
        if error.kind == "denied" and not self.only_check:
            try:
                self._read(name.decode("utf-8", "replace")[:_LONGEST])
            except ModuleError:
                pass
            except MemoryError:
                self._machine.js.ThrowOutOfMemory(self._machine.context)
                return
        self._throw(error.kind, str(error))

    def load(self, context: int, name: bytes, _opaque: object) -> int | None:
        """A module that is parsed, and all that it imports; none, and an error raised, where it cannot be had."""
        js = self._machine.js
        if self.only_check:
            empty: int | None = js.NewCModule(context, name, None)
            return empty
        self._nested += 1
        try:
            return self._load(name)
        except ModuleError as error:
            self._throw(error.kind, str(error))
            return None
        except JavaScriptError as error:
            js.Throw(context, error.value)
            return None
        except Exception:  # noqa: BLE001 - as above
            js.ThrowOutOfMemory(context)
            return None
        finally:
            self._nested -= 1

    def _load(self, name: bytes) -> int:
        path = name.decode("utf-8", "replace").removeprefix(HERE)
        if self._nested > _MOST_NESTED:
            raise ModuleError("validation", f"module {path} is imported by over {_MOST_NESTED} others in a chain")
        source = self._read(path)
        try:
            compiled = self._machine.compile(source, name, EVAL_MODULE)
        except JavaScriptError as error:
            raised = self._describe(error.value)
            if not raised.syntax:
                raise
            self._machine.free(error.value)
            line = raised.line_in(name.decode("utf-8", "replace"))
            raise ModuleError("validation", f"module {path} does not parse: line {line or '?'}") from None
        self._machine.free(compiled)  # the context keeps it
        return compiled.payload

    def _read(self, path: str) -> bytes:
        found = self._bridge.call("module.load", pack({"name": path, "paths": [path]}))
        if found is None:
            raise MemoryError
        ok, start, data = found
        try:
            value = Packed(data, start).unpack()
        except WireError:
            raise ModuleError("internal", f"module {path} cannot be loaded: the host's answer is no value") from None
        if not isinstance(value, dict):
            raise ModuleError("internal", f"module {path} cannot be loaded: the host's answer is no map")
        if not ok:
            raise ModuleError(str(value.get("kind")), str(value.get("message")))
        source = value.get("source")
        return (source if isinstance(source, bytes) else str(source).encode()).removeprefix(b"\xef\xbb\xbf")
