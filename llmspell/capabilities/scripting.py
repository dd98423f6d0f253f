"""What a script has from its surroundings: modules, stdin, log, configuration, sleep."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.capabilities.arguments import invalid, kind_of, mapping, number, text
from llmspell.capabilities.library import load_library
from llmspell.capabilities.modules import ModuleFolder
from llmspell.errors import CallError, ErrorKind
from llmspell.outcome import LimitHit
from llmspell.policy import Policy
from llmspell.sandbox.broker import Handler, Later
from llmspell.sandbox.session import LimitCrossed
from llmspell.sandbox.weight import weight

MAX_SLEEP = 86_400.0
MAX_READ = 1024 * 1024
_WRITTEN = 65_536  # what a message that is no text may weigh to be written out

if TYPE_CHECKING:
    from llmspell.capabilities.packages import Packages

LogSink = Callable[[str, str, Mapping[str, Any]], None]
"""Takes level, message and fields of one line of a script's log."""
Reader = Callable[[int], bytes]
"""Reads at most so many bytes of the run's stdin; empty at its end."""


class ScriptCalls:
    """The plain services of one run."""

    def __init__(
        self,
        policy: Policy,
        *,
        modules: ModuleFolder | None,
        log: LogSink,
        log_bytes: int,
        stdin: Reader,
        now: Callable[[], float],
        packages: Packages | None = None,
    ) -> None:
        """`log_bytes` bounds the log by itself: one byte more is the `output` limit."""
        self._policy = policy
        self._modules, self._packages = modules, packages
        self._log = log
        self._stdin = stdin
        self._now = now
        self._log_bytes = log_bytes
        self._logged = 0

    def begin(self) -> None:
        """A new run: nothing of its log is counted yet."""
        self._logged = 0

    def handlers(self) -> dict[str, Handler]:
        """The capabilities that this file answers; none of them needs a grant of its own."""
        return {
            "module.load": Handler(self.load_module, counted=False),
            "library.load": Handler(self.load_library, counted=False),
            "stdin.read": Handler(self.read_stdin, counted=False),
            "log.write": Handler(self.write_log, counted=False),
            "config.get": Handler(self.get_config, counted=False),
            "sleep": Handler(self.sleep, counted=False),
        }

    def load_module(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`{source, name}` of the first of `paths` that is there, beside the script."""
        paths = arguments.get("paths")
        if type(paths) is not list or not paths or len(paths) > 8 or not all(type(path) is str for path in paths):
            raise invalid("module.load needs a short list of paths")
        if self._modules is None:
            raise CallError(
                ErrorKind.DENIED,
                f"module {paths[0][:100]!r} cannot be loaded: this script has no folder to load modules from"
                " (a sandboxed script needs --allow-read of its folder)",
            )
        return self._modules.load(paths)

    def load_library(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The module `name` of Python's standard library or of a granted package, for a worker that runs it."""
        name = text(arguments, "name", of="library.load")
        if self._packages is not None and name.partition(".")[0] in self._packages.first_names:
            return self._packages.load(name)
        return load_library(name)

    def read_stdin(self, arguments: Mapping[str, Any]) -> Later:
        """At most `size` bytes of the run's stdin, on a thread: a person may be typing."""
        size = number(arguments, "size", of="io.read", least=1, most=MAX_READ) or 65536
        return Later(job=lambda: self._stdin(int(size)))

    def write_log(self, arguments: Mapping[str, Any]) -> None:
        """A line for the host's log."""
        level = arguments.get("level")
        message = _written(arguments.get("message"))
        if level not in ("debug", "info", "warn", "error"):
            raise invalid("Log: the level must be debug, info, warn or error")
        fields = mapping(arguments, "fields", of=f"Log.{level}")
        self._logged += len(message) + weight(fields)
        if self._logged > self._log_bytes:
            raise LimitCrossed(LimitHit("output", self._log_bytes, self._logged, "bytes"))
        self._log(level, message[:4096], fields)

    def get_config(self, arguments: Mapping[str, Any]) -> Any:
        """The value at `path` (`a.b.c`) in what the configuration shows to scripts, or `default`."""
        value: Any = self._policy.config
        for part in text(arguments, "path", of="Config.get").split("."):
            if not isinstance(value, Mapping) or part not in value:
                return arguments.get("default")
            value = value[part]
        return value

    def sleep(self, arguments: Mapping[str, Any]) -> Later:
        """Answers after `seconds`."""
        seconds = number(arguments, "seconds", of="sleep", least=0, most=MAX_SLEEP)
        if seconds is None:
            raise invalid("sleep needs a number of seconds")
        return Later(at=self._now() + seconds)


def _written(message: Any) -> str:
    """A message that is no text as the value that it is: `5`, `true`, `{"a":[1]}`."""
    if type(message) is str:
        return message
    if type(message) is bytes:
        return message.decode(errors="backslashreplace")
    if type(message) is int or type(message) is float:
        return repr(message)
    if message is None or weight(message) > _WRITTEN:
        return kind_of(message)
    from llmspell.types.json_form import write_json

    return write_json(message, "message")


def log_to_stderr(*, least: str) -> LogSink:
    """Lines of at least a level, on stderr, with control characters escaped."""
    order = ("debug", "info", "warn", "error")

    def log(level: str, message: str, fields: Mapping[str, Any]) -> None:
        if order.index(level) < order.index(least):
            return
        shown = " ".join(f"{key}={value!r}" for key, value in fields.items())
        line = f"[{level}] {message}{' ' if shown else ''}{shown[:4096]}"
        try:
            print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), file=sys.stderr, flush=True)
        except OSError:
            pass  # nobody reads it: that is no fault of the script

    return log
