"""ScriptRuntime: engine, providers, tools, policy and limits, and an Outcome for every script.

Theory of operation. A runtime holds what runs share. Each `execute` makes a worker, a broker and the calls of that run,
blocks until the run is over, and ends the worker: no state of one script is ever seen by the next. A `session`
has runs that share theirs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Self

from llmspell.capabilities.modules import ModuleFolder
from llmspell.capabilities.scripting import LogSink, Reader
from llmspell.engines.bridge import Emit, EngineFeatures, Script, split_arguments
from llmspell.engines.factory import DEFAULT_ENGINE, EngineFactory, EngineSpec
from llmspell.engines.worker import WorkerBridge, check_memory
from llmspell.errors import UsageError
from llmspell.given import (
    check_arguments,
    check_engine,
    check_folder,
    check_grants,
    check_run,
    check_seed,
    check_tools,
    grant_packages,
    source_bytes,
)
from llmspell.limits import Limits, check_limits
from llmspell.outcome import Outcome
from llmspell.parts import RunParts
from llmspell.policy import Policy, check_policy, default_policy
from llmspell.reported import report, too_large
from llmspell.sandbox.broker import Broker
from llmspell.sandbox.output import HeldOutput
from llmspell.sandbox.process import WorkerProcess
from llmspell.sandbox.require import DEFAULT, read_required
from llmspell.sandbox.wake import Cancellation
from llmspell.source import read_script
from llmspell.tools.catalog import builtin_tools
from llmspell.tools.tool import Tool

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Unpack

    from llmspell.capabilities.budgeted import Waiting
    from llmspell.options import FileOptions, RunOptions, RuntimeOptions
    from llmspell.providers.manager import ProviderManager
    from llmspell.session import ScriptSession
    from llmspell.transcript.begin import Plan, ResumePlan
    from llmspell.transcript.cassette import Cassette
    from llmspell.transcript.file import Sink
    from llmspell.transcript.resumable import Resumable
    from llmspell.transcript.tape import Tape


class ScriptRuntime:
    """Runs scripts of one engine. Safe to use from several threads at once.

    >>> from llmspell import ScriptRuntime
    >>> ScriptRuntime.with_lua().execute("return 6 * 7").value
    42
    """

    def __init__(
        self,
        engine: EngineSpec,
        *,
        providers: ProviderManager | Callable[[], ProviderManager] | None = None,
        tools: Iterable[Tool] = (),
        policy: Policy | None = None,
        limits: Limits | None = None,
        require: Iterable[str] = DEFAULT,
        log: LogSink | None = None,
        stdin: Reader | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        """`tools` are added to the built-in ones. `providers` may be a function that makes them at the first use.
        `waiting` is told when a run begins and ends to wait for a model.

        Raises UsageError and SetupError for what cannot be given.
        """
        self.limits = check_limits(Limits() if limits is None else limits)
        self.policy = default_policy() if policy is None else check_policy(policy)
        self.engine, packages = grant_packages(check_engine(engine), self.policy.packages)
        self.tools = builtin_tools(check_tools(tools))
        check_grants(self.policy, self.tools)
        self._require = read_required(",".join(require))
        self._parts = RunParts(
            self.engine,
            self.limits,
            self.policy,
            tools=self.tools,
            packages=packages,
            require=self._require,
            providers=providers,
            log=log or (lambda _level, _message, _fields: None),
            stdin=stdin or (lambda _size: b""),
            waiting=waiting,
        )
        check_memory(engine, self.limits.memory)

    @classmethod
    def with_lua(cls, **options: Unpack[RuntimeOptions]) -> ScriptRuntime:
        """A runtime of the Lua engine; options as for the class."""
        return cls.with_engine(DEFAULT_ENGINE, **options)

    @classmethod
    def with_engine(
        cls, name: str, *, factory: EngineFactory | None = None, **options: Unpack[RuntimeOptions]
    ) -> ScriptRuntime:
        """A runtime of an engine by name; raises UsageError that lists the known ones."""
        return cls((factory or EngineFactory()).get(name), **options)

    def capabilities(self) -> EngineFeatures:
        """What the engine says that it can do; starts a worker to ask."""
        with WorkerBridge(self.engine, self.limits, require=self._require) as bridge:
            return bridge.features

    def close(self) -> None:
        """Closes the providers that this runtime made itself, with the connections that they keep. Runs may follow."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def execute(
        self,
        source: str | bytes,
        *,
        name: str = "script",
        arguments: Iterable[str] = (),
        folder: str | os.PathLike[str] | Mapping[str, bytes] | None = None,
        emit: Emit | None = None,
        cancellation: Cancellation | None = None,
        mode: str = "run",
        prestarted: WorkerProcess | None = None,
        seed: int | None = None,
        record: Sink | str | os.PathLike[str] | None = None,
        replay: Cassette | str | os.PathLike[str] | None = None,
        replay_mode: str = "strict",
        labels: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Runs a script to its end and judges it.

        `folder` is where its modules are looked for (none without it), or they themselves by their paths. `emit` is
        given the output as it comes; the outcome holds the first 4 MiB of it in any case. `cancellation` ends it from
        another thread or a signal handler. `prestarted` is a worker of the same engine and memory limit, which this
        call takes over.
        With a `seed`, 0 to 2^63 - 1, the run is deterministic: random numbers come from it, clocks are the run's own.
        `record` is where its transcript is written to, with `labels` of the caller's own in it. `replay` is the one
        that answers its calls: in the recorded order and no others (`strict`), by what they ask (`loose`), or so that
        the missing ones are made and all of it is recorded anew (`once`).
        Raises UsageError (TranscriptError among them) and SetupError; never anything for what the script does.
        """
        check_seed(seed)
        check_run(name, emit, cancellation)
        data, words = source_bytes(source), check_arguments(arguments)
        plan: Plan | None = None
        if record is not None or replay is not None or replay_mode != "strict":
            from llmspell.transcript.begin import Plan

            plan = Plan(
                record, replay, replay_mode, name=name, words=words, seed=seed, labels=labels or {},
            )  # fmt: skip
            name, words = plan.name, plan.words
        script = Script(data, name, *split_arguments(words), mode)
        return self._planned(script, folder, emit, cancellation, prestarted, seed, plan)

    def resume(
        self,
        transcript: Resumable | str | os.PathLike[str],
        source: str | bytes | None = None,
        *,
        folder: str | os.PathLike[str] | None = None,
        emit: Emit | None = None,
        cancellation: Cancellation | None = None,
        prestarted: WorkerProcess | None = None,
        unanswered: str = "refuse",
    ) -> Outcome:
        """Goes on with a recorded run where it was cut, or ended from outside; what it adds is written there too.

        The script is the recorded one, or the same as `source`. `unanswered` says what is done with calls that were
        sent, have no answer, and may have done something: `refuse` to go on, make them `again`, or have them `fail`.
        Raises UsageError (TranscriptError among them) and SetupError; never anything for what the script does.
        """
        from llmspell.transcript.begin import ResumePlan
        from llmspell.transcript.resumable import Resumable

        resumed = transcript if isinstance(transcript, Resumable) else Resumable(transcript)
        plan = ResumePlan(resumed, unanswered)
        data = resumed.cassette.source() if source is None else source_bytes(source)
        script = Script(data, plan.name, *split_arguments(plan.words))
        return self._planned(script, folder, emit, cancellation, prestarted, None, plan)

    def _planned(
        self,
        script: Script,
        folder: str | os.PathLike[str] | Mapping[str, bytes] | None,
        emit: Emit | None,
        cancellation: Cancellation | None,
        prestarted: WorkerProcess | None,
        seed: int | None,
        plan: Plan | ResumePlan | None,
    ) -> Outcome:
        if len(script.source) > self.limits.source_allowed:
            if prestarted is not None:
                prestarted.kill_and_reap()
            return too_large(script, self.engine.name, self.limits.source_allowed)
        modules = self._parts.modules(check_folder(folder)) if plan is None or plan.is_live else None
        tape: Tape | None = None
        try:
            if plan is not None:
                try:
                    tape = plan.tape(script, self._parts.host())
                except BaseException:
                    if prestarted is not None:
                        prestarted.kill_and_reap()
                    raise
            return self._run(script, modules, emit, cancellation, prestarted, seed, tape)
        finally:
            if tape is not None:
                tape.close()
            if modules is not None:
                modules.close()

    def execute_file(self, path: str | os.PathLike[str], **options: Unpack[FileOptions]) -> Outcome:
        """Runs a script from a file, with the modules beside it. Raises UsageError if it cannot be read."""
        file = os.fsdecode(path)
        source = read_script(file, self.limits.source_allowed)
        return self.execute(
            source, name=os.path.basename(file), folder=os.path.dirname(os.path.abspath(file)), **options
        )

    async def aexecute(self, source: str | bytes, **options: Unpack[RunOptions]) -> Outcome:
        """The same from async code, on a thread of its own. Cancelling the task ends the worker, and nothing else."""
        from llmspell.asynchronous import on_thread

        options["cancellation"] = cancellation = options.get("cancellation") or Cancellation()
        return await on_thread(lambda: self.execute(source, **options), stop=lambda: cancellation.cancel())

    def _run(
        self,
        script: Script,
        modules: ModuleFolder | None,
        emit: Emit | None,
        cancellation: Cancellation | None,
        prestarted: WorkerProcess | None,
        seed: int | None,
        tape: Tape | None,
    ) -> Outcome:
        calls = self._parts.calls(modules, seed)
        kept = HeldOutput()
        shown = kept.beside(emit) if tape is None else tape.emit(kept.beside(emit))
        try:
            with self._parts.bridge(prestarted=prestarted, seed=seed, tape=tape) as bridge:
                broker = self._parts.broker(calls) if tape is None else tape.broker(bridge, calls)
                if tape is None or tape.is_live:
                    self._parts.preload(script.source)
                end = bridge.execute(script, broker=broker, emit=shown, cancellation=cancellation)
                end = end if tape is None else tape.settled(end)
        finally:
            calls.close()  # before the figures are read: streams that were left open are paid for
        outcome = report(script, bridge, end, kept, broker, calls.spent)
        return outcome if tape is None else tape.finish(outcome)

    def session(self, *, folder: str | os.PathLike[str] | None = None) -> ScriptSession:
        """Runs that share one worker, and what a script has left there; a context manager.

        `folder` is where modules are looked for (none without it). Raises UsageError.
        """
        from llmspell.session import ScriptSession

        modules = self._parts.modules(check_folder(folder))
        calls = self._parts.calls(modules)
        return ScriptSession(
            self.engine,
            self.limits,
            calls,
            modules=modules,
            new_bridge=lambda: self._parts.bridge(session=True),
            new_broker=lambda: self._parts.broker(calls),
            preload=self._parts.preload,
        )

    def new_broker(self) -> Broker:
        """A broker for one run of a bridge that somebody else holds: without modules."""
        return self._parts.broker(self._parts.calls(None))


__all__ = ["ScriptRuntime", "UsageError"]
