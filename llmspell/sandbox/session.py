"""One worker's conversation, without I/O: bytes and answers come in, frames to act on and bytes to send go
out.

Theory of operation. A session has one life (`Hello`, `Configure`, then runs) and is driven by one thread. The
driver puts what it reads into `receive` and takes frames with `next_frame`; in a run these are a `Call` (to
be dispatched), an `Output` (to be counted with `count`, then shown) or the last word (`Done`, `Failed`,
`Fatal`). What a broker answers goes through `reply`, which never fails: what cannot travel becomes an error
that the script can catch. A worker that breaks the protocol is told by `wire.Violation` out of `next_frame`.
`conclude` turns why the run ended and what was measured into its `RunEnd`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from llmspell.errors import ErrorKind, SetupError, UsageError
from llmspell.limits import Limits
from llmspell.outcome import LimitHit
from llmspell.sandbox.ending import Cause, Readings, RunEnd, Stopped, judge
from llmspell_workers.wire import (
    PROTOCOL_VERSION,
    Configure,
    Conversation,
    Failed,
    Fatal,
    Frame,
    Hello,
    Output,
    Reply,
    Run,
    Shutdown,
    State,
    Unsendable,
)

LAST_LINE = "last_line"
"""The feature in a Hello of a worker that tells at SIGURG where its script is, as the line of a Failed, and exits."""
Answer = tuple[bool, Any]
"""The answer to a call: ok and a value of the wire, or not ok and an error `{"kind", "message", "details"}`."""


def refusal(error: Unsendable) -> Answer:
    """The answer in the place of one that cannot travel."""
    message = f"the answer cannot be handed to the script: {str(error)[:1000]}"
    return False, {"kind": ErrorKind.INTERNAL.value, "message": message, "details": {}}


class LimitCrossed(Exception):
    """A call would cross a run-wide limit: it is not sent, and the run ends.

    Out of `finished`, `call_id` is the call that crossed it, `answers` are those of others that came with it, and
    `others` are calls beside it that crossed one, too.
    """

    def __init__(self, hit: LimitHit) -> None:
        super().__init__(hit.name)
        self.hit = hit
        self.call_id: int | None = None
        self.answers: Sequence[tuple[int, Answer]] = ()
        self.others: Sequence[tuple[int, LimitHit]] = ()


class RunStopped(Exception):
    """The broker has the run end here; the call is not answered."""

    def __init__(self, cause: Stopped) -> None:
        super().__init__(cause.verdict.value)
        self.cause = cause


class Broker(Protocol):
    """The host's end of the calls of one run. All methods but `attach`'s wake are called by the driving
    thread.
    """

    @property
    def refused(self) -> bool:
        """Whether a call of this run was refused by policy."""
        ...

    def attach(self, wake: Callable[[], None]) -> None:
        """Before the run: `wake` may be called from any thread, and makes the driver ask `finished`."""
        ...

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """Answers a call, or takes it up and gives None. Raises LimitCrossed and RunStopped."""
        ...

    def finished(self) -> list[tuple[int, Answer]]:
        """The answers that came since; asked after a wake, and once `deadline` has passed. Raises
        LimitCrossed and RunStopped.
        """
        ...

    def deadline(self) -> float | None:
        """When, on the monotonic clock, `finished` is to be asked at the latest."""
        ...

    def abandon(self) -> None:
        """The run is over: late answers are dropped. Always called, once."""
        ...


class Session:
    """The host's side of a conversation.

    `output_bytes` is what the script of the latest run has printed; `tells_line`: the worker can be asked where its
    script is.
    """

    __slots__ = (
        "_conversation", "_heard", "_limits", "_run", "_script", "_sent", "output_bytes", "take_call", "tells_line",
    )  # fmt: skip

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._conversation = Conversation("host")
        self._conversation.cap_worker_memory(limits.memory)
        self.take_call = self._conversation.take_call
        """As `wire.Conversation` says: the quick way of a Call that comes alone."""
        self.output_bytes = 0
        self.tells_line = False
        self._run = 0
        self._script = ""
        self._heard = self._sent = False

    @property
    def open_calls(self) -> set[int]:
        """The ids of the calls that wait for an answer."""
        return self._conversation.open_calls

    @property
    def idle(self) -> bool:
        """Whether the worker waits for its next run."""
        return self._conversation.state == State.IDLE

    def receive(self, data: bytes) -> None:
        """Takes bytes that the worker wrote."""
        self._conversation.receive(data)

    def next_frame(self) -> Frame | None:
        """The next frame of what was received, or None. Raises Violation, and then the conversation is
        over.
        """
        return self._conversation.next_frame()

    def greeted(self, engine: str) -> Hello | None:
        """The worker's greeting once it is there. Raises SetupError if it gives up or is not what was asked
        for; Violation.
        """
        frame = self._conversation.next_frame()
        if isinstance(frame, Fatal):
            raise SetupError(f"the worker for {engine} gave up before it was ready: {frame.message[:2000]}")
        if not isinstance(frame, Hello):
            return None  # nothing else can come in state `starting`
        if frame.protocol != PROTOCOL_VERSION:
            versions = f"version {frame.protocol} of the wire, and this is version {PROTOCOL_VERSION}"
            raise SetupError(f"the worker for {engine} speaks {versions}")
        if frame.engine != engine:
            raise SetupError(f"the worker for {engine} says that it is {frame.engine!r}")
        self.tells_line = frame.features.get(LAST_LINE) is True
        return frame

    def configure(self, frame: Configure) -> bytes:
        """The bytes of Configure. Raises SetupError if it cannot travel."""
        try:
            return self._conversation.send(frame)
        except Unsendable as error:
            raise SetupError(f"the worker cannot be configured: {error}") from None

    def prepare(self, script: str) -> None:
        """A new run: nothing is counted or heard of it yet."""
        self._run += 1
        self._script = script
        self._heard = self._sent = False
        self.output_bytes = 0

    def begin(self, source: bytes, arguments: dict[str, object], mode: str) -> bytes:
        """The bytes of Run. Raises UsageError if the arguments cannot travel."""
        try:
            sent = self._conversation.send(Run(self._run, source, self._script, arguments, mode))
        except Unsendable as error:
            raise UsageError(f"{self._script} cannot be run: {error}") from None
        self._sent = True
        return sent

    def reply(self, call: int, answer: Answer) -> bytes:
        """The bytes of the Reply to an open call."""
        self._heard = True
        try:
            ok, value = answer
            return self._conversation.send_reply(call, ok, value)
        except Unsendable as error:
            return self._conversation.send(Reply(call, *refusal(error)))

    def count(self, output: Output) -> tuple[bytes, LimitHit | None]:
        """Counts output: the bytes of it that are within the limit, and the limit if it is crossed."""
        self._heard = True
        data, allowed = output.data, self._limits.output
        room = allowed - self.output_bytes
        self.output_bytes += len(data)
        if len(data) <= room:
            return data, None
        return data[: max(room, 0)], LimitHit("output", allowed, self.output_bytes, "bytes")

    def conclude(
        self,
        cause: Cause,
        *,
        delivered: bool,
        wall: float,
        cpu: float,
        peaks: tuple[int | None, int | None],
        refused: bool,
        diagnostics: str,
        line: int | None = None,
        killed: int = 0,
    ) -> RunEnd:
        """How the run ended. `delivered`: all that was sent was written to the worker. `line`: the last known one.

        `killed`: how many the kernel has killed in its cgroup for want of memory.
        """
        unread = isinstance(cause, Failed) and cause.error["kind"] == "syntax"
        return judge(
            cause,
            Readings(
                script=self._script,
                limits=self._limits,
                started=self._heard or (self._sent and delivered and not unread),
                wall=wall,
                cpu=cpu,
                memory=peaks[0],
                address_space=peaks[1],
                output=self.output_bytes,
                refused=refused,
                diagnostics=diagnostics,
                line=line,
                killed=killed,
            ),
        )

    def shutdown(self) -> bytes:
        """The bytes of Shutdown, to an idle worker."""
        return self._conversation.send(Shutdown())
