"""One run, driven: the loop that moves bytes and calls between a session, its pipes and the broker.

Theory of operation. The caller's thread owns everything here. Each turn of the loop takes what frames are
there (a bounded number), looks at the clock, and then waits in two steps: a spin while answers come quickly
and no call is out on a thread, else a sleep until the next deadline, in which the worker's stdout, stderr,
stdin and end and the wake are all watched. `drive` gives the cause of the end; `finish` ends the worker if it
may not go on, and shows the output that had arrived before.

A clock is read once a turn, the processor time and the memory only when the watch asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from llmspell.outcome import LimitHit
from llmspell.sandbox import pipes as io
from llmspell.sandbox.ending import Broken, Cancelled, Cause, RunEnd, broke_protocol
from llmspell.sandbox.last_line import ask_line
from llmspell.sandbox.process import Ended, WorkerProcess
from llmspell.sandbox.session import Answer, Broker, LimitCrossed, RunStopped, Session
from llmspell.sandbox.wake import Cancellation
from llmspell.sandbox.watch import Patience, Watch
from llmspell_workers.wire import Call, Done, Failed, Fatal, Output, Pace, Violation

FRAMES_A_TURN = 128
"""Frames that are taken before the clock is looked at: under 10 ms of cheap calls."""

Emit = Callable[[str, bytes], None]
_CLOSED_STDOUT = Cancelled(141)


class Turn:
    """One run on a worker that waits for one."""

    __slots__ = (
        "_answers", "_behind", "_broker", "_cancellation", "_cpu", "_emit", "_owed", "_pace", "_patience",
        "_peaks", "_pipes", "_process", "_session", "_watch",
    )  # fmt: skip

    def __init__(
        self,
        process: WorkerProcess,
        pipes: io.Pipes,
        session: Session,
        pace: Pace,
        *,
        watch: Watch,
        patience: Patience,
        broker: Broker,
        emit: Emit,
        cancellation: Cancellation | None,
    ) -> None:
        self._process, self._pipes, self._session, self._pace = process, pipes, session, pace
        self._watch, self._patience, self._broker, self._emit = watch, patience, broker, emit
        self._cancellation = cancellation or Cancellation()
        self._peaks: tuple[int | None, int | None] = (None, None)
        self._cpu = 0.0
        self._behind = False  # frames are there that were not taken yet
        self._owed = False  # answers are there that were not asked for yet, or not sent
        self._answers: list[tuple[int, Answer]] = []  # those that were not sent, the next one last

    def drive(self) -> Cause:
        """Runs until there is a cause to end; whatever `emit` and the broker raise comes out of here."""
        try:
            return self._loop()
        except Violation as error:
            return broke_protocol(error)
        except LimitCrossed as crossed:
            return crossed.hit
        except RunStopped as stopped:
            return stopped.cause

    def _loop(self) -> Cause:
        session, pipes, watch = self._session, self._pipes, self._watch
        cancellation = self._cancellation
        while True:
            cause = self._take_frames()
            if cause is not None:
                return cause
            if cancellation.exit_code is not None:
                return Cancelled(cancellation.exit_code)
            now = monotonic()
            if now >= watch.next_look and (cause := self._look(now)) is not None:
                return cause
            if not self._behind and not session.open_calls and pipes.stalled_at is None and self._converse(now):
                continue
            cause = self._sleep(monotonic())
            if cause is not None:
                return cause

    def _converse(self, now: float) -> bool:
        """Answers call after call, as long as each comes quickly and alone: the way of nearly every call.

        Gives whether there is something that `_loop` has to look at before it may sleep.
        """
        session, pipes, watch, pace, cancellation = (
            self._session, self._pipes, self._watch, self._pace, self._cancellation,
        )  # fmt: skip
        take_call, dispatch, spin, send = session.take_call, self._broker.dispatch, pipes.spin, pipes.send
        reply = session.reply
        while pace.may_spin():
            data = spin(pace, now)
            if data is None:
                return False
            call = take_call(data)
            if call is None:
                session.receive(data)
                watch.heard_at = now
                return True
            answer = dispatch(*call)
            if answer is not None:
                send(reply(call[0], answer))
            watch.heard_at = now = monotonic()
            if answer is None or now >= watch.next_look or pipes.stalled_at or cancellation.exit_code is not None:
                return True
        return False

    def _take_frames(self) -> Cause | None:
        session, pipes, dispatch = self._session, self._pipes, self._broker.dispatch
        if pipes.stalled_at is not None and pipes.congested:
            return None
        for _ in range(FRAMES_A_TURN):
            frame = session.next_frame()
            if type(frame) is Call:
                answer = dispatch(frame.call, frame.capability, frame.arguments)  # type: ignore[arg-type]  # checked: a map
                if answer is not None:
                    pipes.send(session.reply(frame.call, answer))
                    if pipes.congested:
                        break
            elif frame is None:
                self._behind = False
                return None
            elif type(frame) is Output:
                cause = self._show(frame)
                if cause is not None:
                    return cause
            else:
                assert isinstance(frame, Done | Failed | Fatal)
                return frame
        self._behind = True
        return None

    def _show(self, output: Output) -> Cause | None:
        shown, hit = self._session.count(output)
        try:
            self._emit(output.stream, shown)
        except BrokenPipeError:
            return _CLOSED_STDOUT
        return hit

    def _sleep(self, now: float) -> Cause | None:
        """Waits for whatever comes first."""
        pipes, watch = self._pipes, self._watch
        until = watch.wake_at(waiting=self._waiting)
        due = None if self._owed else self._broker.deadline()
        if due is not None and due < until:
            until = due
        if pipes.stalled_at is not None:
            until = min(until, pipes.stalled_at + self._patience.unread)
        if pipes.broken_at is not None:
            until = min(until, pipes.broken_at + self._patience.closed)
        told = pipes.wait(0.0 if self._behind and not pipes.congested else until - now)
        woken_at = monotonic()
        if told & io.READABLE and not self._behind:
            self._pace.answered(woken_at - now)
            data = pipes.read()
            if data is not None:
                self._session.receive(data)
        if told & io.WOKEN or self._owed or (due is not None and woken_at >= due):
            self._deliver()
        if told & io.ENDED:
            return self._gone()
        if told:
            watch.heard_at = woken_at
            return None
        return None if self._behind else self._look(woken_at)

    @property
    def _waiting(self) -> bool:
        """Whether the worker may lie still: a call is open, or it has yet to read what was sent (which has
        its own deadline).
        """
        return bool(self._session.open_calls) or self._pipes.stalled_at is not None

    def _deliver(self) -> None:
        """Sends the answers there are, one by one while the worker reads: no more are held than one asking gave."""
        pipes, session = self._pipes, self._session
        if not self._answers and not pipes.congested:
            self._answers = self._broker.finished()[::-1]
        while self._answers and not pipes.congested:
            call, answer = self._answers.pop()
            if call in session.open_calls:  # the script may have left it alone
                pipes.send(session.reply(call, answer))
            del answer
        self._owed = pipes.congested

    def _look(self, now: float) -> Cause | None:
        """Reads what the worker has used, and says whether that ends the run."""
        pipes, patience = self._pipes, self._patience
        self._sample()
        hit = self._watch.look(now, self._cpu)
        if hit is not None:
            return hit
        if pipes.stalled_at is not None and now - pipes.stalled_at >= patience.unread:
            waited = f"{pipes.queued:,} bytes waited for {patience.unread:g} s"
            return Broken("crash", f"the worker does not read: {waited}")
        if pipes.broken_at is not None and now - pipes.broken_at >= patience.closed:
            if self._process.wait(0):  # it has ended meanwhile: it is this process that was held up
                return self._gone()
            return Broken("crash", "the worker closed its stdin or stdout and went on running")
        if self._watch.is_stuck(now, self._cpu, waiting=self._waiting):
            quiet = f"for {patience.stuck:g} s it neither computed nor had a call open"
            return Broken("crash", f"the worker is stuck: {quiet}")
        return None

    def _sample(self) -> None:
        self._cpu = max(self._cpu, self._process.cpu_seconds())
        memory, space = self._process.peaks()
        if memory is not None:  # a process that has ended shows none: the last figures stay
            self._peaks = memory, space

    def _gone(self) -> Cause:
        """The worker has ended: its last word if it is still in the pipe, else its end."""
        self._session.receive(self._pipes.drain())
        word = self._take_last_frames()
        ended = self._process.kill_and_reap()
        return word or ended

    def _take_last_frames(self) -> Cause | None:
        """Shows the output that had arrived; calls are not sent any more."""
        while (frame := self._session.next_frame()) is not None:
            if isinstance(frame, Output):
                cause = self._show(frame)
                if cause is not None:
                    return cause
            elif isinstance(frame, Done | Failed | Fatal):
                return frame
        return None

    def finish(self, cause: Cause) -> RunEnd:
        """The end of the run. After anything but Done or Failed the worker is ended here."""
        now = monotonic()
        self._sample()
        ask = isinstance(cause, LimitHit) and self._session.tells_line
        if isinstance(cause, Done | Failed | Fatal | Ended):  # a limit that is found after the end still wins
            cause = self._watch.look(now, self._cpu) or cause
        line = None
        if not isinstance(cause, Done | Failed):
            line = self._end(ask=ask, silently=cause is _CLOSED_STDOUT)
            self._sample()
        return self._session.conclude(
            cause,
            delivered=self._pipes.delivered and self._pipes.stalled_at is None,
            wall=now - self._watch.started,
            cpu=self._watch.cpu_used(self._cpu),
            peaks=self._peaks,
            refused=self._broker.refused,
            diagnostics=self._pipes.tail.escaped() if isinstance(cause, Broken | Fatal | Ended) else "",
            line=line,
            killed=counts.killed if (counts := self._process.counts()) is not None else 0,
        )

    def _end(self, *, ask: bool, silently: bool) -> int | None:
        """Ends the worker, shows the output that had arrived, and gives the line of the script if it was told."""
        if self._process.ended is not None:
            return None
        if ask:
            rest = ask_line(self._process, self._pipes, self._patience.line)
        else:
            rest = self._pipes.drain(io.LIVE_DRAIN)
        self._process.kill_and_reap()  # before anything is shown: that may take its time
        if silently:
            return None
        self._session.receive(rest)
        try:
            return self._show_last_frames(told=ask)
        except Violation:
            return None  # it is over already

    def _show_last_frames(self, *, told: bool) -> int | None:
        """Shows the output that had arrived; what is over the limit is not shown. Gives the line of a Failed."""
        while (frame := self._session.next_frame()) is not None:
            if isinstance(frame, Output):
                if self._show(frame) is not None and not told:
                    return None
            elif isinstance(frame, Failed) and told:
                line = frame.error.get("line")
                return line if isinstance(line, int) else None
            elif isinstance(frame, Done | Failed | Fatal):
                return None
        return None
