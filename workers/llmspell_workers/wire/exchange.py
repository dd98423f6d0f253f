"""Who may send what, and when: one table, kept by both ends; and frames cut out of a stream of bytes.

The rule kept here: a frame in the wrong state, a reply to no call, a second use of a call id and a length over
the cap are violations that name the frame and the state, and nothing is held before its length is checked.
"""

from __future__ import annotations

from llmspell_workers.wire.frames import (
    Call,
    Configure,
    Done,
    Failed,
    Frame,
    Reply,
    Run,
    Shutdown,
    frame_body,
    parse_frame,
    split_reply,
)
from llmspell_workers.wire.sending import pack
from llmspell_workers.wire.states import TRANSITIONS, State
from llmspell_workers.wire.values import Packed, Unsendable, Violation

MIB = 1024 * 1024
TO_HOST_CAP = 4 * MIB
"""Bytes of one frame from a worker."""
TO_WORKER_CAP = 16 * MIB
"""Bytes of one frame towards a worker; and never over a quarter of its memory limit."""
MAX_OPEN_CALLS = 256
_TOLD_AS: dict[type[Frame], str] = {Call: "the call", Reply: "result", Done: "result"}
"""What a script is told of a frame that it has made too large."""
FROM_HOST = frozenset({Configure, Run, Reply, Shutdown})


class Exchange:
    """One end's view of a session: `role` is `host` or `worker`.

    `send` gives the bytes of a frame; `receive` takes bytes, and `next_frame` gives the frames in them one by one.
    `raw_replies` leaves the value of a Reply packed (a worker whose engine has its own codec).
    """

    __slots__ = (
        "_buffer",
        "_from_host",
        "_last_call",
        "_receive_cap",
        "_run",
        "_send_cap",
        "_start",
        "open_calls",
        "raw_replies",
        "state",
    )

    def __init__(self, role: str, *, to_worker_cap: int = TO_WORKER_CAP, raw_replies: bool = False) -> None:
        self.state = State.STARTING
        self.open_calls: set[int] = set()
        self.raw_replies = raw_replies
        self._from_host = role == "host"
        self._send_cap, self._receive_cap = TO_HOST_CAP, to_worker_cap
        if self._from_host:
            self._send_cap, self._receive_cap = to_worker_cap, TO_HOST_CAP
        self._buffer: bytes | bytearray = b""
        self._start = 0
        self._last_call = -1
        self._run = -1

    def cap_worker_memory(self, memory: int) -> None:
        """A worker held to `memory` bytes is sent no frame over a quarter of it."""
        cap = min(TO_WORKER_CAP, memory // 4)
        if self._from_host:
            self._send_cap = cap
        else:
            self._receive_cap = cap

    def send(self, frame: Frame) -> bytes:
        """The bytes of `frame`, its length first. Raises Unsendable if it may not be sent, and nothing has changed."""
        body = frame_body(frame)  # first: it checks the fields that `_after` reads
        after = self._after(frame, sending=True)
        if len(body) > self._send_cap:
            what = _TOLD_AS.get(type(frame)) or type(frame).__name__
            raise Unsendable(what, f"takes {len(body):,} bytes on the wire, and one frame may take {self._send_cap:,}")
        data = len(body).to_bytes(4, "big") + body  # first: it may find no memory, and then nothing has changed
        self._advance(frame, after)
        return data

    def receive(self, data: bytes) -> None:
        """Takes bytes from the other end, as they come."""
        buffer, start = self._buffer, self._start
        if start == len(buffer):
            self._buffer, self._start = data, 0  # mostly a whole frame: nothing is copied
            return
        if not isinstance(buffer, bytearray):
            buffer = bytearray(memoryview(buffer)[start:])
        elif start:
            del buffer[:start]
            self._start = 0  # at once: the next line may find no memory
        buffer += data
        self._buffer, self._start = buffer, 0

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer) - self._start

    def refuse_reply(self, more: bytes) -> tuple[int, int]:
        """Lets go of the Reply that is being received, for want of memory; `more` follows what is held.

        Gives its call, which is open no more, and how many of its bytes are not held. MemoryError if it is no Reply.
        """
        head = bytes(self._buffer[self._start : self._start + 16]) + more[:16]
        reply = split_reply(head[4:]) if len(head) >= 9 and self.state == State.RUNNING else None
        if reply is None or reply.call not in self.open_calls:
            raise MemoryError
        size = 4 + int.from_bytes(head[:4], "big")
        held = min(self.held, size)
        refused = reply.call, size - held  # up to here nothing has changed
        self.open_calls.remove(reply.call)
        self._start += held
        if self._start == len(self._buffer):
            self._buffer, self._start = b"", 0
        return refused

    def next_frame(self) -> Frame | None:
        """The next whole frame, or None until more bytes are there. Raises Violation."""
        while True:
            before = self._buffer, self._start
            body = self._cut_frame()
            if body is None:
                return None
            try:
                frame = (split_reply(body) if self.raw_replies else None) or parse_frame(body)
                if self.raw_replies and type(frame) is Reply and type(frame.value) is not Packed:
                    frame = Reply(frame.call, frame.ok, Packed(pack(frame.value)))  # its headers are wider than need be
                late = self.state == State.IDLE and type(frame) is Reply
                self._advance(frame, self._after(frame, sending=False))
            except Violation:
                self.state = State.CLOSED
                raise
            except MemoryError:
                self._buffer, self._start = before  # it is still there to be read, or refused
                raise
            if not late:
                return frame

    def _cut_frame(self) -> bytes | None:
        """The next whole frame without its length; raises Violation for a length over the cap."""
        buffer, start = self._buffer, self._start
        if len(buffer) - start < 4:
            return None
        length = int.from_bytes(buffer[start : start + 4], "big")
        if length > self._receive_cap:
            self.state = State.CLOSED
            raise Violation(f"a frame of {length:,} bytes is over the cap of {self._receive_cap:,}")
        end = start + 4 + length
        if len(buffer) < end:
            return None
        if isinstance(buffer, bytearray):
            with memoryview(buffer) as view:
                body = bytes(view[start + 4 : end])
        else:
            body = buffer[start + 4 : end]
        if len(buffer) == end:
            # not `del`: it would keep the room of the largest frame so far
            self._buffer, self._start = b"", 0
        else:
            self._start = end
        return body

    def _after(self, frame: Frame, *, sending: bool) -> str:
        """The state after `frame`; raises Unsendable or Violation where it may not stand."""
        kind = type(frame)
        name = kind.__name__
        after = TRANSITIONS[self.state].get(kind)
        wrong: str | None = None
        if after is None:
            wrong = f"a {name} frame in state {self.state}"
        elif (kind in FROM_HOST) is not (self._from_host is sending):
            wrong = f"a {name} frame from the wrong end in state {self.state}"
        elif isinstance(frame, Call):
            if frame.call <= self._last_call:
                wrong = f"a Call frame with id {frame.call} in state {self.state}, which was used already (ids rise)"
            elif len(self.open_calls) >= MAX_OPEN_CALLS:
                wrong = f"a Call frame in state {self.state} while {MAX_OPEN_CALLS} calls are open"
        elif isinstance(frame, Reply):
            if frame.call not in self.open_calls:
                wrong = f"a Reply frame to no call (id {frame.call}) in state {self.state}"
        elif isinstance(frame, (Done, Failed)) and frame.run != self._run:
            wrong = f"a {name} frame for run {frame.run} while run {self._run} is under way"
        if wrong is None and after is not None:
            return after
        if sending:
            raise Unsendable(name, f"may not be sent: {wrong}")
        raise Violation(str(wrong))

    def _advance(self, frame: Frame, after: str) -> None:
        if isinstance(frame, Call):
            self._last_call = frame.call
            self.open_calls.add(frame.call)
        elif isinstance(frame, Reply):
            self.open_calls.discard(frame.call)
        elif isinstance(frame, Run):
            self._run = frame.run
            self.open_calls.clear()  # what crossed with the last frame of the run before came before this
        elif isinstance(frame, (Done, Failed)) and self._from_host:
            self.open_calls.clear()  # abandoned: their answers are not wanted any more
        self.state = after
