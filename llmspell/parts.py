"""What the runs of one runtime are made of: each made when the first run needs it, and shared where it can be."""

from __future__ import annotations

import _thread
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from llmspell.capabilities.calls import RunCalls
from llmspell.capabilities.modules import GivenModules, ModuleFolder
from llmspell.capabilities.scripting import LogSink, Reader
from llmspell.engines.factory import EngineSpec
from llmspell.engines.worker import WorkerBridge
from llmspell.errors import UsageError
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.sandbox.broker import Broker
from llmspell.sandbox.process import WorkerProcess
from llmspell.tools.catalog import ToolCatalog

if TYPE_CHECKING:
    from llmspell.capabilities.budgeted import Waiting
    from llmspell.capabilities.packages import Packages
    from llmspell.providers.manager import ProviderManager
    from llmspell.sandbox.threads import Threads
    from llmspell.transcript.begin import Host
    from llmspell.transcript.tape import Tape


class RunParts:
    """The parts of the runs of one runtime, which was given all this; the names are those of `ScriptRuntime`."""

    def __init__(
        self,
        engine: EngineSpec,
        limits: Limits,
        policy: Policy,
        *,
        tools: ToolCatalog,
        packages: Packages | None,
        require: tuple[str, ...],
        providers: ProviderManager | Callable[[], ProviderManager] | None,
        log: LogSink,
        stdin: Reader,
        waiting: Waiting | None,
    ) -> None:
        self._engine, self._limits, self._policy, self._require = engine, limits, policy, require
        self._tools, self._packages, self._providers = tools, packages, providers
        self._log, self._stdin, self._waiting = log, stdin, waiting
        self._own_providers: ProviderManager | None = None
        self._threads: Threads | None = None
        self._process, self._lock = os.getpid(), _thread.RLock()

    def close(self) -> None:
        """Closes the providers that were made here, with the connections that they keep. Runs may follow."""
        own, self._own_providers = self._own_providers, None
        if own is not None:
            own.close()

    def bridge(
        self,
        *,
        prestarted: WorkerProcess | None = None,
        session: bool = False,
        seed: int | None = None,
        tape: Tape | None = None,
    ) -> WorkerBridge:
        """A worker that is to be entered. Raises SetupError."""
        deterministic = None if tape is None else tape.deterministic
        if tape is None and seed is not None:
            from llmspell.engines.deterministic import Deterministic

            deterministic = Deterministic(seed)
        return WorkerBridge(
            self._engine,
            self._limits if tape is None else tape.limits,
            environment=self._policy.environment if tape is None else tape.environment,
            prestarted=prestarted,
            require=self._require,
            session=session,
            deterministic=deterministic,
        )

    def broker(self, calls: RunCalls) -> Broker:
        """The broker of one run, with its calls."""
        broker = Broker(calls, self._limits, threads=self.threads)
        calls.attach(broker)
        return broker

    def calls(self, modules: ModuleFolder | None, seed: int | None = None) -> RunCalls:
        """All that one run may call."""
        return RunCalls(
            self._tools if seed is None else self._seeded_tools(seed),
            self._policy,
            self._limits,
            providers=self.providers,
            modules=modules,
            log=self._log,
            stdin=self._stdin,
            threads=self.threads,
            waiting=self._waiting,
            packages=self._packages,
        )

    def modules(self, folder: str | Mapping[str, bytes] | None) -> ModuleFolder | None:
        """Where the modules of a script are, if it may have any. Raises UsageError."""
        engine, limits = self._engine, self._limits
        if folder is None or not self._policy.modules:
            return None
        if not isinstance(folder, str):
            return GivenModules(folder, engine.suffixes)
        try:
            return ModuleFolder(folder, engine.suffixes, largest=limits.source_allowed)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"modules cannot be looked for in {folder!a}: {reason}") from None

    def providers(self) -> ProviderManager:
        """Those that were given, or made by what was given, once."""
        given = self._providers
        if given is not None and not callable(given):
            return given
        with self._turn():
            if self._own_providers is None:
                from llmspell.providers.manager import ProviderManager

                self._own_providers = ProviderManager(environ={}) if given is None else given()
            return self._own_providers

    def preload(self, source: bytes) -> None:
        """Begins to load what a script that asks models will need, which takes seconds, while its worker starts."""
        if self._providers is not None and self._policy.models and b"Agent" in source:
            self.providers().preload(source)

    def threads(self) -> Threads:
        """On which the jobs of all runs are done; a process that was forked off has none of its host's."""
        with self._turn():
            if self._threads is None or self._threads.process != os.getpid():
                from llmspell.sandbox.threads import Threads

                self._threads = Threads()
            return self._threads

    def _turn(self) -> _thread.RLock:
        """Held by whoever makes what is shared; a process that was forked off may have got it held, and has its own."""
        if self._process != os.getpid():
            self._process, self._lock = os.getpid(), _thread.RLock()
        return self._lock

    def host(self) -> Host:
        """What a tape is told."""
        from llmspell.transcript.begin import Host
        from llmspell.transcript.secrets import secrets_of

        environment = self._policy.environment
        return Host(
            self._engine.name,
            self._limits,
            environment,
            lambda: secrets_of(self.providers() if self._providers is not None else None, environment),
            self.threads,
            self._log,
        )

    def _seeded_tools(self, seed: int) -> ToolCatalog:
        from llmspell.engines.deterministic import SEEDED_CLOCK
        from llmspell.tools.seeded import seeded_tools

        return seeded_tools(self._tools, seed=seed, start=SEEDED_CLOCK)
