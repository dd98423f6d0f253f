"""A worker, from its start to its end: greeted, verified, configured, given runs, shut down.

Theory of operation. Entering a `Worker` spawns it (or takes one that was spawned ahead), waits for `Hello`,
checks from outside that it is armed, and configures it. `run` gives it one script and blocks until that is
over; how the waiting goes is in `turn.py`. Leaving it shuts it down: asked first if it is idle, then killed,
always reaped. Everything that can go wrong before the first run is a SetupError, because nothing ran;
afterwards it is a verdict. A worker belongs to the thread that uses it. Other threads and signal handlers end
a run through a `Cancellation`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from time import monotonic

from llmspell.errors import SetupError
from llmspell.limits import Limits
from llmspell.outcome import Confinement
from llmspell.sandbox import pipes as io
from llmspell.sandbox.ending import Cause, RunEnd, broke_protocol, how_it_ended
from llmspell.sandbox.process import WorkerProcess, spawn
from llmspell.sandbox.require import (
    Claims,
    Protection,
    check_claims,
    check_required,
    confinement_of,
    protections,
    read_claims,
)
from llmspell.sandbox.session import Broker, Session
from llmspell.sandbox.turn import Emit, Turn
from llmspell.sandbox.verify import look
from llmspell.sandbox.wake import Cancellation, Wake
from llmspell.sandbox.watch import Patience, Watch
from llmspell_workers.wire import Configure, Fatal, Hello, Pace, Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.sandbox.cgroup import Cgroup

_PATIENCE = Patience()


class Worker:
    """One worker and its session, as a context manager.

    `configure` is the Configure frame, or makes it from the worker's Hello. `require` are the protections that
    must be active before it is sent (`require.py`). `vouched` are steps that a worker which says Hello has by the
    word of what started it. `layers` are those that it was asked to enter; into a `cgroup` it is put here. With
    `branded` all that it starts ends with it, which a worker does not need that can start nothing. `prestarted` was
    spawned with the same command, engine and memory limit; this object takes it over. Making and entering raise
    SetupError, and leave nothing behind.
    """

    __slots__ = (
        "_configure", "_hello", "_layers", "_limits", "_pace", "_patience", "_pipes", "_require",
        "_session", "_vouched", "_wake", "claims", "process", "protections",
    )  # fmt: skip

    def __init__(
        self,
        command: Sequence[str],
        *,
        engine: str,
        limits: Limits,
        configure: Configure | Callable[[Hello], Configure],
        prestarted: WorkerProcess | None = None,
        require: Collection[str] = ("memory",),
        vouched: Collection[str] = (),
        layers: Collection[str] = (),
        cgroup: Cgroup | None = None,
        branded: bool = False,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._limits, self._configure, self._require, self._vouched = limits, configure, require, vouched
        self._patience, self._layers = patience, layers
        self._hello: Hello | None = None
        self.claims = Claims()
        """What it says of its own confinement."""
        self.protections: tuple[Protection, ...] = ()
        """What it is confined by; known once it was entered, or was refused for lack of it."""
        self.process = prestarted or spawn(command, engine=engine, memory=limits.memory, branded=branded)
        try:
            if cgroup is not None:
                self.process.enter(cgroup)
            self._wake = Wake()
        except OSError as error:
            self.process.kill_and_reap()
            raise SetupError(f"the worker for {engine} cannot be driven: {error.strerror}") from None
        self._pipes = io.Pipes(self.process, self._wake)
        self._session = Session(limits)
        self._pace = Pace()

    def __enter__(self) -> Worker:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def hello(self) -> Hello:
        """What the worker said of itself."""
        assert self._hello is not None, "a Worker is entered before it is used"
        return self._hello

    @property
    def confinement(self) -> Confinement:
        """What the kernel enforces, for the report."""
        return confinement_of(self.protections, self.claims)

    @property
    def alive(self) -> bool:
        """Whether it can be given another run; a limit, a crash or a cancellation ends it, a fork leaves it."""
        return self.process.ended is None and self.process.ours and self._session.idle

    def _start(self) -> None:
        engine = self.process.engine
        try:
            self._hello = hello = self._await_hello()
        except Violation as error:
            raise SetupError(self._with_stderr(f"the worker for {engine} broke the protocol: {error}")) from None
        self._verify(hello)
        configure = self._configure
        self._pipes.send(self._session.configure(configure if isinstance(configure, Configure) else configure(hello)))

    def _verify(self, hello: Hello) -> None:
        """Looks at it from outside; raises SetupError unless it has what is required, and all that it claims."""
        engine = self.process.engine
        evidence = look(self.process, self._limits.memory)
        self.claims = read_claims(hello.features, vouched=self._vouched)
        check_claims(engine, evidence, self.claims)
        self.protections = protections(evidence, self.claims, layers=self._layers, cgroup=self.process.cgroup)
        check_required(engine, self.protections, self._require)

    def _await_hello(self) -> Hello:
        engine, pipes = self.process.engine, self._pipes
        deadline = monotonic() + self._patience.hello
        while True:
            told = pipes.wait(deadline - monotonic())
            self._session.receive(pipes.drain() if told & io.ENDED else pipes.read() or b"")
            hello = self._session.greeted(engine)
            if hello is not None:
                return hello
            if told & io.ENDED:
                how = how_it_ended(self.process.kill_and_reap())
                raise SetupError(self._with_stderr(f"the worker for {engine} {how} before it was ready"))
            if monotonic() >= deadline:
                raise SetupError(
                    self._with_stderr(f"the worker for {engine} said no Hello within {self._patience.hello:g} s")
                )

    def _with_stderr(self, message: str) -> str:
        said = self._pipes.tail.escaped().strip().rpartition("\n")[2]  # of a traceback, what it comes to
        return f"{message}; it said: {said}" if said else message

    def run(
        self,
        source: bytes,
        name: str,
        arguments: dict[str, object],
        broker: Broker,
        emit: Emit,
        cancellation: Cancellation | None = None,
        *,
        mode: str = "run",
    ) -> RunEnd:
        """Runs one script and blocks until it is over. `emit` is given its output as it comes.

        Raises UsageError if the arguments cannot travel, SetupError if the worker is gone, and what `emit`
        and the broker raise; then the worker is ended.
        """
        if not self.alive:
            raise SetupError(f"the worker for {self.process.engine} is gone: start another one")
        broker.attach(self._wake)
        if cancellation is not None:
            cancellation.attach(self._wake)
        try:
            watch = Watch(self._limits, self._patience, now=monotonic(), cpu=self.process.cpu_seconds())
            turn = Turn(
                self.process, self._pipes, self._session, self._pace,
                watch=watch, patience=self._patience, broker=broker, emit=emit, cancellation=cancellation,
            )  # fmt: skip
            return turn.finish(self._begin(source, name, arguments, mode) or turn.drive())
        except BaseException:
            self.process.kill_and_reap()
            raise
        finally:
            if cancellation is not None:
                cancellation.detach(self._wake)
            broker.abandon()

    def _begin(self, source: bytes, name: str, arguments: dict[str, object], mode: str) -> Cause | None:
        """Sends Run, unless the worker has spoken out of turn: then that is the end of it."""
        self._session.prepare(name)
        try:
            self._session.receive(self._pipes.read() or b"")
            word = self._session.next_frame()
        except Violation as error:
            return broke_protocol(error)
        if isinstance(word, Fatal):
            return word
        self.process.limit_cpu(self._limits.cpu)
        self._pipes.send(self._session.begin(source, arguments, mode))
        return None

    def close(self) -> None:
        """Ends the worker, gently if it is idle; afterwards nothing is left. May be called again."""
        try:
            if self.alive:
                self._pipes.send(self._session.shutdown())
                self.process.kill_and_reap(self._patience.shutdown)
        finally:
            self.process.kill_and_reap()  # whatever interrupted the line above
            self._wake.close()
