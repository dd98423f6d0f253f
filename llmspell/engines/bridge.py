"""The host's view of an engine, whichever it is and wherever it lives."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Broker
from llmspell.sandbox.wake import Cancellation

ScriptOutput = RunEnd
"""How one run of an engine ended."""

Emit = Callable[[str, bytes], None]
"""Takes what a script prints, as it comes: the stream (`stdout`, `stderr`) and the bytes."""


class EngineFeatures(NamedTuple):
    """What an engine says that it can do."""

    streaming: bool = False
    parallel: bool = False
    modules: bool = False
    check: bool = False
    seed: bool = False

    @classmethod
    def of(cls, claimed: dict[str, Any]) -> "EngineFeatures":
        """The features in a worker's greeting: what it does not claim plainly it does not have."""
        return cls(**{name: claimed.get(name) is True for name in cls._fields})


class Script(NamedTuple):
    """A source with its arguments. `positionals` and `named` become `ARGS`; `mode` is `run` or `check`."""

    source: bytes
    name: str
    positionals: tuple[str, ...] = ()
    named: dict[str, str] = {}
    mode: str = "run"


class ScriptEngineBridge(Protocol):
    """One engine, ready to run scripts one after another. A context manager; leaving it ends what it holds.

    `execute` raises nothing for what a script does: that is in the ScriptOutput. After a limit, a crash or a
    cancellation the bridge is not `alive` any more.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def features(self) -> EngineFeatures: ...
    @property
    def alive(self) -> bool: ...

    def execute(
        self, script: Script, *, broker: Broker, emit: Emit, cancellation: Cancellation | None = None
    ) -> ScriptOutput: ...

    def close(self) -> None: ...
    def __enter__(self) -> "ScriptEngineBridge": ...
    def __exit__(self, *_: object) -> None: ...


def split_arguments(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Positionals and named ones: `--name value`, `--name=value`, and `"true"` for a bare flag. They are data only.

    >>> split_arguments(("a", "--depth", "3", "--fast"))
    (('a',), {'depth': '3', 'fast': 'true'})
    """
    positionals: list[str] = []
    named: dict[str, str] = {}
    rest = list(reversed(arguments))  # the next one is the last: a million of them are each taken once
    while rest:
        word = rest.pop()
        if not word.startswith("--") or len(word) == 2:
            positionals.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = rest.pop() if rest and not rest[-1].startswith("--") else "true"
        named[name] = value
    return tuple(positionals), named
