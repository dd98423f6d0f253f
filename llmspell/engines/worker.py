"""The bridge whose engine lives in a worker process."""

from __future__ import annotations

import os
from typing import Any

from llmspell.capabilities.surface import SURFACE
from llmspell.engines.bridge import EngineFeatures, Script, ScriptOutput
from llmspell.engines.factory import EngineSpec, worker_command
from llmspell.errors import SetupError, UsageError
from llmspell.limits import Limits, format_size
from llmspell.outcome import Confinement, Verdict
from llmspell.sandbox.driver import Worker
from llmspell.sandbox.process import WorkerProcess, spawn
from llmspell.sandbox.require import DEFAULT, LAYERS, Claims, Protection, lacking
from llmspell.sandbox.session import Broker
from llmspell.sandbox.wake import Cancellation
from llmspell_workers.wire import PROTOCOL_VERSION, Configure, Hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from llmspell.engines.deterministic import Deterministic
    from llmspell.sandbox.cgroup import Cgroup

_LAUNCHED = ("landlock-files",)
"""What the launcher insists on, without saying so: a worker that it has started would not be there without it. The same
holds for the layers that it is asked to enter."""
MAX_NAMES_SOURCE = 4096
"""Characters of the source by which an engine tells names."""


def start_worker(spec: EngineSpec, memory: int) -> WorkerProcess:
    """Spawns an engine's worker and does not wait for it. Raises SetupError."""
    return spawn(worker_command(spec), engine=spec.name, memory=memory)


def check_memory(spec: EngineSpec, memory: int) -> None:
    """Raises UsageError for a memory limit that the engine cannot start in, or that the machine does not have."""
    if memory < spec.least_memory:
        raise UsageError(
            f"a memory limit of {format_size(memory)} is too small for engine {spec.name} to start:"
            f" the least that works is {format_size(spec.least_memory)}"
        )
    if memory > Limits().memory:
        total = _machine_memory()
        if memory > total:
            raise UsageError(
                f"a memory limit of {format_size(memory)} is more than this machine has ({format_size(total)})"
            )


def new_cgroup(memory: int) -> Cgroup:
    """A cgroup for one worker. Raises SetupError where the machine lets none be made."""
    from llmspell.sandbox.cgroup import REMEDY, found

    try:
        return found().new(memory)
    except OSError as error:
        raise SetupError(
            f"nothing ran, because a cgroup is required and cannot be had: {error.strerror}; {REMEDY}"
        ) from None


def _as_given(word: str) -> str | bytes:
    """An argument as it travels: what the shell gave that is no UTF-8 comes to the script as the same bytes."""
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(word)
    return word


def _name(word: str) -> str:
    return word if type(_as_given(word)) is str else ascii(word)[1:-1]


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # a system that does not say so
        import psutil  # 15 ms

        return psutil.virtual_memory().total


class WorkerBridge:
    """A worker and its engine, from Hello to Shutdown. Making and entering it raise SetupError."""

    def __init__(
        self,
        spec: EngineSpec,
        limits: Limits,
        *,
        environment: Mapping[str, str] | None = None,
        prestarted: WorkerProcess | None = None,
        require: Collection[str] = DEFAULT,
        surface: Mapping[str, Any] = SURFACE,
        session: bool = False,
        deterministic: Deterministic | None = None,
    ) -> None:
        """`session`: its runs share what the script declares. Entering it raises SetupError for an engine that cannot
        be deterministic where that is required."""
        configure = Configure(
            PROTOCOL_VERSION,
            {
                "memory": limits.memory,
                "cpu": limits.cpu,
                "wall": limits.wall,
                "output": limits.output,
                "calls": limits.calls,
            },
            {**spec.settings, "session": True} if session else dict(spec.settings),
            dict(surface),
            dict(environment or {}),
            None if deterministic is None else deterministic.to_wire(),
        )
        self._deterministic = deterministic
        self._spec, self._limits, self._configure, self._require = spec, limits, configure, require
        if prestarted is not None and ("namespaces" in require or spec.extensions):  # it was started without
            prestarted.kill_and_reap()
            prestarted = None
        self._worker = self._made([layer for layer in LAYERS if layer in require], prestarted)

    def _made(self, layers: Collection[str], prestarted: WorkerProcess | None = None) -> Worker:
        spec, confines_itself = self._spec, bool(self._spec.command) and self._spec.needs is None
        try:
            command = worker_command(spec, namespaces="namespaces" in layers) if prestarted is None else ()
            cgroup = new_cgroup(self._limits.memory) if "cgroup" in layers else None
        except BaseException:
            if prestarted is not None:
                prestarted.kill_and_reap()
            raise
        return Worker(
            command,
            engine=spec.name,
            limits=self._limits,
            configure=self._configured,
            prestarted=prestarted,
            require=self._require,
            vouched=(*_LAUNCHED, *layers) if spec.command and not confines_itself else (),
            layers=layers,
            cgroup=cgroup,
            branded=confines_itself,
        )

    def __enter__(self) -> WorkerBridge:
        self._enter()
        return self

    def _configured(self, hello: Hello) -> Configure:
        """Configure, as far as the engine can take it up. Raises SetupError."""
        wanted, configure = self._deterministic, self._configure
        if wanted is None or hello.features.get("seed") is True:
            return configure
        if wanted.required:
            raise SetupError(f"engine {self.name} does not say that it can run under a seed; run it without one")
        return Configure(
            configure.protocol, configure.limits, configure.settings, configure.surface, configure.environment
        )

    def _enter(self) -> None:
        try:
            self._worker.__enter__()
        except SetupError:
            if not self._namespaces_would_do():
                raise
            self._worker = self._made(["namespaces", *(one for one in LAYERS[1:] if one in self._require)])
            self._worker.__enter__()

    def _namespaces_would_do(self) -> bool:
        """Whether a network of its own is all that the worker lacks of what is required."""
        lacks = [one.name for one in lacking(self._worker.protections, self._require)]
        return lacks == ["network"] and (not self._spec.command or self._spec.needs is not None)

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._spec.name

    @property
    def version(self) -> str:
        """What the engine says of its version."""
        return self._worker.hello.version

    @property
    def features(self) -> EngineFeatures:
        """What the engine says that it can do."""
        return EngineFeatures.of(self._worker.hello.features)

    @property
    def names_source(self) -> str | None:
        """A source whose value is the names that a script could write next, as the engine offers it, or None."""
        source = self._worker.hello.features.get("names")
        return source if type(source) is str and len(source) <= MAX_NAMES_SOURCE else None

    @property
    def protections(self) -> tuple[Protection, ...]:
        """What its worker is confined by, with what is missing and why; empty before it was looked at."""
        return self._worker.protections

    @property
    def claims(self) -> Claims:
        """What its worker says of its own confinement."""
        return self._worker.claims

    @property
    def confinement(self) -> Confinement:
        """What the kernel enforces on its worker."""
        return self._worker.confinement

    @property
    def alive(self) -> bool:
        """Whether it can be given another run."""
        return self._worker.alive

    def execute(
        self,
        script: Script,
        *,
        broker: Broker,
        emit: Callable[[str, bytes], None],
        cancellation: Cancellation | None = None,
    ) -> ScriptOutput:
        """Runs a script and blocks until it is over."""
        arguments: dict[str, object] = {
            "positionals": [_as_given(word) for word in script.positionals],
            "named": {_name(name): _as_given(word) for name, word in script.named.items()},
        }
        output = self._worker.run(script.source, script.name, arguments, broker, emit, cancellation, mode=script.mode)
        if output.verdict is Verdict.LIMIT:
            self._worker.process.kill_and_reap()  # also where the worker survived it: its memory is full
        return output

    def close(self) -> None:
        """Ends the worker; nothing is left."""
        self._worker.close()
