"""The worker's end of the pipe: frames out and in, blocking.

Theory of operation. Reads try for a moment before they sleep (`wire/pace.py`); writes block, so a host that does not
read stops the worker. When the host is gone, so is the worker: nothing here returns then.
"""

from __future__ import annotations

import os
import select
from time import perf_counter_ns

from llmspell_workers.wire import Conversation, Frame, Pace, Violation

READ_SIZE = 65536


class Channel:
    """Frames over two descriptors. The worker's main thread is the only one that uses it."""

    def __init__(self, reader: int, writer: int, *, memory: int, raw_replies: bool) -> None:
        self.conversation = Conversation("worker", raw_replies=raw_replies)
        self.conversation.cap_worker_memory(memory)
        self._reader = reader
        self._writer = writer
        self._pace = Pace()
        os.set_blocking(reader, False)

    def send(self, frame: Frame) -> None:
        """Writes a frame whole. Raises Unsendable; ends the process when the host is gone."""
        data = self.conversation.send(frame)
        try:
            written = os.write(self._writer, data)
            if written < len(data):
                with memoryview(data) as rest:
                    while written < len(data):
                        written += os.write(self._writer, rest[written:])
        except OSError:
            os._exit(0)  # the host has closed its end: it wants no last word

    def receive(self) -> Frame:
        """Waits for the next frame. Ends the process when the host is gone or breaks the protocol."""
        conversation = self.conversation
        try:
            frame = conversation.next_frame()
            while frame is None:
                conversation.receive(self._read())
                frame = conversation.next_frame()
        except Violation as violation:
            os.write(2, f"the host broke the protocol: {violation}\n".encode())
            os._exit(1)
        return frame

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
        begun = before = perf_counter_ns()
        if pace.may_spin():
            while True:
                os.sched_yield()
                now = perf_counter_ns()
                try:
                    data = os.read(reader, READ_SIZE)
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
