"""The worker's end of the pipe: frames out and in, blocking.

Theory of operation. Reads try for a moment before they sleep (`wire/pace.py`); writes block, so a host that does not
read stops the worker. When the host is gone, so is the worker: nothing here returns then.
"""

from __future__ import annotations

import os
import select
from time import perf_counter_ns

from llmspell_workers.wire import Conversation, Frame, Pace, Reply, Violation
from llmspell_workers.wire.frames import split_reply

READ_SIZE = 65536
SMALL_READ = 4096
"""Bytes of one try in a spin: the room for them is made anew at each."""
_HEAD = 16
"""Bytes of a frame with which it is known whose reply it is."""


class Channel:
    """Frames over two descriptors. The worker's main thread is the only one that uses it."""

    def __init__(self, reader: int, writer: int, *, memory: int, raw_replies: bool) -> None:
        self.conversation = Conversation("worker", raw_replies=raw_replies)
        self.conversation.cap_worker_memory(memory)
        self._reader = reader
        self._writer = writer
        self._pace = Pace()
        self._unread: bytes | None = None
        os.set_blocking(reader, False)

    def send(self, frame: Frame) -> None:
        """Writes a frame whole. Raises Unsendable; ends the process when the host is gone."""
        self.write(self.conversation.send(frame))

    def write(self, data: bytes) -> None:
        """Writes the bytes of a frame; ends the process when the host is gone."""
        try:
            written = os.write(self._writer, data)
            if written < len(data):
                with memoryview(data) as rest:
                    while written < len(data):
                        written += os.write(self._writer, rest[written:])
        except OSError:
            os._exit(0)  # the host has closed its end: it wants no last word

    def exchange(self, number: int, capability: str, packed: bytes) -> tuple[bool, int, bytes] | None:
        """Sends a call and waits for what comes: the ok flag of its reply, where the value begins, and the bytes.

        That is the way of nearly every call. None if something else came, or more than that: `receive` has it all.
        Raises Unsendable, and MemoryError as `receive` does.
        """
        conversation = self.conversation
        self.write(conversation.send_packed_call(number, capability, packed))
        data = self._wait()
        found = conversation.take_reply(data, number)
        if found is None:
            self._unread = data
            return None
        return found[0], found[1], data

    def receive(self) -> Frame:
        """Waits for the next frame. Ends the process when the host is gone or breaks the protocol.

        A reply that the memory does not take comes without its value (None). Raises MemoryError for another frame,
        and where not a byte was read yet; then this may be called again.
        """
        conversation = self.conversation
        try:
            while True:
                try:
                    frame = conversation.next_frame()
                except MemoryError:
                    return self._refuse(b"")
                if frame is not None:
                    return frame
                data = self._read()
                try:
                    conversation.receive(data)
                except MemoryError:
                    return self._refuse(data)
        except Violation as violation:
            os.write(2, f"the host broke the protocol: {violation}\n".encode())
            os._exit(1)

    def _refuse(self, data: bytes) -> Reply:
        """Reads past a reply that the memory does not take; `data` is what was read of it and is not held."""
        conversation = self.conversation
        head, held = conversation.drop()
        head += data[:_HEAD]
        reply = split_reply(head[4:]) if len(head) >= _HEAD and conversation.open_calls else None
        if reply is None or reply.call not in conversation.open_calls:
            raise MemoryError  # another frame is of no use but whole
        conversation.open_calls.discard(reply.call)
        missing = 4 + int.from_bytes(head[:4], "big") - held
        while missing > len(data):
            missing -= len(data)
            data = b""  # before the next piece is there
            data = self._read()
        if len(data) > missing:
            conversation.receive(data[missing:])
        return Reply(reply.call, False, None)

    def _read(self) -> bytes:
        if self._unread is not None:
            data, self._unread = self._unread, None
            return data or os._exit(0)
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
        begun = before = perf_counter_ns()
        if pace.may_spin():
            while True:
                os.sched_yield()
                now = perf_counter_ns()
                try:
                    data = os.read(reader, SMALL_READ)
                except BlockingIOError:
                    if pace.goes_on(now - begun, now - before):
                        before = now
                        continue
                    break
                pace.answered(now - begun)
                return data
        select.select((reader,), (), ())
        pace.answered(perf_counter_ns() - begun)
        return os.read(reader, READ_SIZE)
