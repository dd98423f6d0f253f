"""A session: runs one after another in one worker, each of which finds what those before it have left there.

Theory of operation. The worker is started by the first run. A run that ends well, or with an error of the script,
leaves it as it is. A limit, a crash, a cancellation or the script's own `exit` ends it, and with it the script's state;
the next run starts a fresh one, and `generation` counts them. The agents are the host's and end with the worker too,
because nothing is left that could name them.

What is counted anew for each run: processor time, the clock, output, calls. What the session shares: the worker's
memory, the bounds of grants, and the budgets of models (calls, tokens, cost), which a fresh worker does not refill.

A session runs one script at a time. It may be used by several threads, one after another; whoever comes while a script
runs gets a UsageError. A `Cancellation` ends a run from anywhere.
"""

from __future__ import annotations

import _thread
from contextlib import contextmanager

from llmspell.engines.bridge import EngineFeatures, Script, split_arguments
from llmspell.errors import UsageError
from llmspell.given import check_arguments, check_run, source_bytes
from llmspell.outcome import Outcome, Usage, Verdict
from llmspell.reported import report, too_large
from llmspell.sandbox.output import HeldOutput
from llmspell.sandbox.wake import Cancellation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from llmspell.capabilities.calls import RunCalls
    from llmspell.capabilities.modules import ModuleFolder
    from llmspell.engines.bridge import Emit
    from llmspell.engines.factory import EngineSpec
    from llmspell.engines.worker import WorkerBridge
    from llmspell.limits import Limits
    from llmspell.sandbox.broker import Broker

NAMES_SECONDS = 1.0
"""What telling names may take; a worker that takes longer does not come back to it, and is ended."""
MAX_NAMES = 4000
_LONGEST_NAME = 100


class ScriptSession:
    """Runs that share a worker; `ScriptRuntime.session()` makes it. A context manager: leaving it ends everything."""

    def __init__(
        self,
        engine: EngineSpec,
        limits: Limits,
        calls: RunCalls,
        *,
        modules: ModuleFolder | None,
        new_bridge: Callable[[], WorkerBridge],
        new_broker: Callable[[], Broker],
        preload: Callable[[bytes], None],
    ) -> None:
        self.engine, self.limits = engine, limits
        self.generation = 0
        """How many workers this session has had."""
        self._calls, self._modules = calls, modules
        self._new_bridge, self._new_broker, self._preload = new_bridge, new_broker, preload
        self._bridge: WorkerBridge | None = None
        self._turn = _thread.allocate_lock()
        self._closed = False

    @property
    def fresh(self) -> bool:
        """Whether there is no state: no run was made yet, or the worker that held it was ended."""
        return self._bridge is None or not self._bridge.alive

    @property
    def spent(self) -> Usage:
        """What the models of all runs have used, and nothing else of their usage."""
        return self._calls.spent

    @property
    def features(self) -> EngineFeatures:
        """What the engine says that it can do; starts the worker to ask. Raises SetupError."""
        with self._taken():
            return self._ready().features

    @property
    def version(self) -> str:
        """What the engine says of its version; starts the worker to ask. Raises SetupError."""
        with self._taken():
            return self._ready().version

    def execute(
        self,
        source: str | bytes,
        *,
        name: str = "script",
        arguments: Iterable[str] = (),
        emit: Emit | None = None,
        cancellation: Cancellation | None = None,
        mode: str = "run",
    ) -> Outcome:
        """Runs a script on what those before it have left, and judges it; arguments are those of the runtime's.

        Raises UsageError and SetupError; never anything for what the script does.
        """
        check_run(name, emit, cancellation)
        script = Script(source_bytes(source), name, *split_arguments(check_arguments(arguments)), mode)
        if len(script.source) > self.limits.source_allowed:
            return too_large(script, self.engine.name, self.limits.source_allowed)
        with self._taken():
            return self._run(script, emit, cancellation)

    def names(self, path: str = "") -> tuple[str, ...]:
        """The global names that there are, or those in what `path` (`a.b`) names; none where the engine cannot tell.

        The worker is asked by a run of its own, of at most a second.
        """
        if any(not part.isidentifier() for part in path.replace("$", "_").split(".") if path):
            return ()
        with self._taken():
            source = self._ready().names_source
            if source is None:
                return ()
            cancellation = Cancellation()
            with _alarm(NAMES_SECONDS, cancellation):
                arguments = (path,) if path else ()
                outcome = self._run(Script(source.encode(), "names", arguments), None, cancellation)
        found = outcome.value if outcome.verdict is Verdict.OK and type(outcome.value) is list else []
        return tuple(sorted({one for one in found[:MAX_NAMES] if type(one) is str and len(one) <= _LONGEST_NAME}))

    def reset(self) -> None:
        """Ends the worker, with all that scripts have left in it; the next run starts a fresh one."""
        with self._taken():
            self._end_worker()

    def close(self) -> None:
        """Ends the worker, and what scripts have left open. May be called again.

        Raises UsageError while a script runs: cancel it first.
        """
        if self._closed:
            return
        with self._taken():
            self._closed = True
            try:
                self._end_worker()
            finally:
                self._calls.close()
                if self._modules is not None:
                    self._modules.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _taken(self) -> Iterator[None]:
        """The session's turn. Raises UsageError where another has it, or where it is closed."""
        if self._closed:
            raise UsageError("the session is closed: make another one with ScriptRuntime.session()")
        if not self._turn.acquire(blocking=False):
            raise UsageError("a session runs one script at a time: wait for the other, or make a session of its own")
        try:
            yield
        finally:
            self._turn.release()

    def _ready(self) -> WorkerBridge:
        """The worker that is alive, or a fresh one."""
        if self._bridge is not None:
            if self._bridge.alive:
                return self._bridge
            self._end_worker()
        bridge = self._new_bridge()
        bridge.__enter__()
        self._bridge = bridge
        self.generation += 1
        return bridge

    def _run(self, script: Script, emit: Emit | None, cancellation: Cancellation | None) -> Outcome:
        bridge, broker = self._ready(), self._new_broker()
        before = self._calls.spent
        kept = HeldOutput()
        self._preload(script.source)
        try:
            end = bridge.execute(script, broker=broker, emit=kept.beside(emit), cancellation=cancellation)
        except BaseException:
            self._end_worker()
            raise
        if end.exit_status is not None or not bridge.alive:
            self._end_worker()  # before the figures are read: streams that were left open are paid for
        return report(script, bridge, end, kept, broker, _difference(self._calls.spent, before))

    def _end_worker(self) -> None:
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            try:
                bridge.close()
            finally:
                self._calls.forget()


def _difference(after: Usage, before: Usage) -> Usage:
    """What one run has added."""
    return after._replace(
        model_calls=after.model_calls - before.model_calls,
        prompt_tokens=after.prompt_tokens - before.prompt_tokens,
        completion_tokens=after.completion_tokens - before.completion_tokens,
        cost_usd=max(after.cost_usd - before.cost_usd, 0.0),
        cost_by_rule_usd=max(after.cost_by_rule_usd - before.cost_by_rule_usd, 0.0),
    )


@contextmanager
def _alarm(seconds: float, cancellation: Cancellation) -> Iterator[None]:
    """Cancels what is still under way after so many seconds."""
    import threading

    timer = threading.Timer(seconds, cancellation.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
