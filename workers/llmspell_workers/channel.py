"""The worker's end of the pipe: frames out and in, blocking.

Theory of operation. Reads try for a moment before they sleep (`wire/pace.py`); writes block, so a host that does not
read stops the worker. When the host is gone, so is the worker: nothing here returns then.
"""

from __future__ import annotations

import os
import select
from time import monotonic

from llmspell_workers.wire import TRIES, TRY_SIZE, VALUE_AT, Conversation, Frame, Pace, Reply, Violation

READ_SIZE = 65536
SMALL_READ = 4096
"""Bytes of the read behind a try that was filled."""
SEEN_WITHIN = 1.0
"""Seconds that a host is given to look at a worker whose memory has run out."""


class Channel:
    """Frames over two descriptors. The worker's main thread is the only one that uses it."""

    def __init__(self, reader: int, writer: int, *, memory: int, raw_replies: bool) -> None:
        self.conversation = Conversation("worker", raw_replies=raw_replies)
        self.conversation.cap_worker_memory(memory)
        self._reader = reader
        self._writer = writer
        self._pace = Pace()
        self._unread = b""  # read, and not taken by the conversation yet
        self._refused: int | None = None  # the call whose reply does not fit, and how much of it is to be read past
        self._past = 0
        os.set_blocking(reader, False)

    def send(self, frame: Frame) -> None:
        """Writes a frame whole. Raises Unsendable; ends the process when the host is gone."""
        self.write(self.conversation.send(frame))

    def write(self, data: bytes | bytearray) -> None:
        """Writes the bytes of a frame; ends the process when the host is gone."""
        try:
            written = os.write(self._writer, data)
            if written < len(data):
                with memoryview(data) as rest:
                    while written < len(data):
                        written += os.write(self._writer, rest[written:])
        except OSError:
            os._exit(0)  # the host has closed its end: it wants no last word

    def be_seen(self) -> None:
        """After a last word about memory: gives the host the time to look, for the figures of the dead are gone.

        It ends the worker when it has looked; nothing that it says is read any more.
        """
        select.select((self._reader,), (), (), SEEN_WITHIN)

    def exchange(self, number: int, capability: str, packed: bytes) -> tuple[bool, int, bytes] | None:
        """Sends a call and waits for what comes: the ok flag of its reply, where the value begins, and the bytes.

        That is the way of nearly every call. None if something else came, or more than that: `receive` has it all.
        Raises Unsendable, and MemoryError as `receive` does.
        """
        conversation = self.conversation
        data = conversation.send_packed_call(number, capability, packed)
        try:
            written = os.write(self._writer, data)
        except OSError:
            os._exit(0)
        if written < len(data):
            self.write(data[written:])
        return self.answer(number)

    def answer(self, number: int) -> tuple[bool, int, bytes] | None:
        """What comes next, if that is the reply to call `number` and nothing else; else `receive` has it all."""
        if self._unread or self._refused is not None:
            return None
        self._unread = data = self._wait()
        ok = self.conversation.take_reply(data, number)
        if ok is None:
            return None
        self._unread = b""
        return ok, VALUE_AT, data

    def receive(self) -> Frame:
        """Waits for the next frame. Ends the process when the host is gone or breaks the protocol.

        A reply that the memory does not take comes without its value (None). Raises MemoryError where there is not
        even enough for that, and for another frame; nothing is lost then, and this may be called again.
        """
        conversation = self.conversation
        try:
            while True:
                if self._refused is not None:
                    return self._read_past(self._refused)
                try:
                    frame = conversation.next_frame()
                except MemoryError:
                    self._refused, self._past = conversation.refuse_reply(b"")
                    continue
                if frame is not None:
                    return frame
                if not self._unread:
                    self._unread = self._read()
                try:
                    conversation.receive(self._unread)
                except MemoryError:
                    self._refused, self._past = conversation.refuse_reply(self._unread)
                else:
                    self._unread = b""
        except Violation as violation:
            os.write(2, f"the host broke the protocol: {violation}\n".encode())
            os._exit(1)

    def has_arrived(self) -> bool:
        """Whether something of the host's is there that `receive` has not given yet."""
        if self._unread or self._refused is not None or self.conversation.held:
            return True
        return bool(select.select((self._reader,), (), (), 0)[0])

    def _read_past(self, call: int) -> Reply:
        """Reads what is left of a refused reply and keeps nothing of it."""
        while self._past:
            if not self._unread:
                self._unread = self._read()
            passed = min(self._past, len(self._unread))
            left, rest = self._past - passed, self._unread[passed:]
            self._past, self._unread = left, rest
        reply = Reply(call, False, None)
        self._refused = None
        return reply

    def _read(self) -> bytes:
        try:
            data = os.read(self._reader, READ_SIZE)
        except BlockingIOError:
            data = self._wait()
        if not data:
            os._exit(0)
        return data

    def _wait(self) -> bytes:
        """Bytes, after a wait in two steps: a short spin that yields, then a real sleep."""
        pace, reader = self._pace, self._reader
        begun = before = monotonic()
        if pace.may_spin():
            while True:
                os.sched_yield()
                now = monotonic()
                for _ in TRIES:
                    try:
                        data = os.read(reader, TRY_SIZE)
                    except BlockingIOError:
                        continue
                    pace.spun = now - begun
                    return data if len(data) < TRY_SIZE else self._with_more(data)
                if not pace.goes_on(now - begun, now - before):
                    break
                before = now
        select.select((reader,), (), ())
        pace.answered(monotonic() - begun)
        return os.read(reader, READ_SIZE)

    def _with_more(self, data: bytes) -> bytes:
        """What filled the room of a try, and what stands behind it already, if the memory for that is there."""
        try:
            bytearray(2 * SMALL_READ)  # refused now, and nothing is lost
            return data + os.read(self._reader, SMALL_READ)
        except (BlockingIOError, MemoryError):
            return data

    WAIT = _wait.__code__
    """The code in which the worker waits for the host: no frame is half written then."""
