"""A host's session against whatever a worker writes, beside the independent model of the protocol.

The first byte of an input chooses the state and what the host does, the second how the bytes are cut into reads; the
rest is the stream. Only Violation, and SetupError before the worker is greeted, may leave; both must say the same as
the model; nothing but the rest of one frame may be held.
"""

from __future__ import annotations

from typing import Any

from fuzz.model import CAP, Broken, Event, Model, same_event
from fuzz.seeding import MSGPACK_WORDS, frame_bodies, framed
from fuzz.target import WIRE, Check, Defect, Target
from llmspell.errors import SetupError
from llmspell.limits import Limits
from llmspell.sandbox.ending import Cause, RunEnd, broke_protocol
from llmspell.sandbox.session import Session
from llmspell_workers.wire import Call, Configure, Done, Failed, Fatal, Frame, Hello, Output, Violation

READ = 64 * 1024
"""Bytes of one read, as of the host's pipes."""
FLOOD = CAP + 4 * READ
"""Bytes by which the stream is prolonged where an input asks for it."""
STARTING, IDLE, RUNNING, FULL, AGAIN, _ = range(6)
ANSWERS, TAKES, FLOODS = 0x40, 0x20, 0x90
MOST_RUNS = 4
HELLO = framed(b"\x95\x01\x01\xa3lua\xa35.4\x80")


class _Host:
    """A session and the model of it, kept in step."""

    def __init__(self, data: bytes) -> None:
        self.session = Session(Limits())
        self.state, self.does = (data[0] & 0x0F) % 5, data[0]
        self.size = data[1] or READ
        self.stream = data[2:]
        self.runs = 0
        self.model = Model("starting", run=0, last_call=-1, open_calls=set())
        self.conversation = self.session._conversation

    def prepare(self) -> None:
        """Brings both into the state that was asked for."""
        if self.state == STARTING:
            return
        self.session.receive(HELLO)
        assert self.session.greeted("lua") is not None
        self.configure()
        if self.state != IDLE:
            self.begin()
            calls = {FULL: set(range(8, 264)), IDLE: set(), AGAIN: set()}.get(self.state, {7})
            self.conversation._last_call = self.model.last_call = max(calls, default=7)
            self.conversation.open_calls.update(calls)
            self.model.open_calls.update(calls)

    def configure(self) -> None:
        self.session.configure(Configure(1, {}, {}, {}, {}))
        self.model.state = "idle"

    def begin(self) -> None:
        """A run."""
        self.runs += 1
        self.session.prepare("spell.lua")
        self.session.begin(b"return 1", {"positionals": [], "named": {}}, "run")
        self.model.state, self.model.run = "running", self.runs
        self.model.open_calls.clear()

    def go(self) -> None:
        """Feeds the stream, read by read."""
        stream = self.stream
        if self.does & FLOODS == FLOODS and stream:
            stream += stream[-1:] * FLOOD
            self.size = READ
        for start in range(0, len(stream), self.size):
            if not self.take(stream[start : start + self.size]):
                return

    def take(self, chunk: bytes) -> bool:
        """One read; whether the conversation goes on."""
        taken = self.session.take_call(chunk) if self.does & TAKES else None
        self.model.receive(chunk)
        if taken is not None:
            event = self.model.next()
            assert event is not None
            assert same_event(event, Call(*taken)), f"took {taken!r:.200} for {event!r:.200}"
            return self.after(event, Call(*taken))
        self.session.receive(chunk)
        return self.drain()

    def drain(self) -> bool:
        while True:
            greeting = self.model.state == "starting"
            event, frame = self.both()
            assert same_event(event, frame), f"{frame!r:.200} is not {event!r:.200}"
            if event is None:
                assert self.conversation.held <= CAP + 3, f"{self.conversation.held:,} bytes are held"
                return True
            if not self.after(event, frame):
                return False
            if greeting and self.does & ANSWERS:
                self.begin()

    def both(self) -> tuple[Event | None, Frame | None]:
        """The next frame of the model and of the session; ends the conversation where both say so."""
        greeting = self.model.state == "starting"
        event: Event | None = None
        broken = False
        try:
            event = self.model.next()
        except Broken:
            broken = True
        wanted = Violation if broken else SetupError if greeting and _unfit(event) else None
        try:
            frame = self.session.greeted("lua") if greeting else self.session.next_frame()
        except (Violation, SetupError) as error:
            assert type(error) is wanted, f"{error!r:.300} instead of {event!r:.200}"
            self.over(error)
            raise _Over from None
        assert wanted is None, f"{frame!r:.200} is taken, where {wanted} is due"
        return event, frame

    def over(self, error: Exception) -> None:
        """After a violation nothing comes any more, and a verdict can be given."""
        if not isinstance(error, Violation):
            return
        assert self.conversation.state == "closed"
        try:
            assert self.session.next_frame() is None
        except Violation:
            pass
        end = self.conclude(broke_protocol(error))
        assert end.error is not None
        assert (end.verdict.value, end.error.kind) == ("crash", "protocol")

    def after(self, event: Event, frame: Frame | None) -> bool:
        """What a host does with a frame; whether the conversation goes on."""
        name = event[0]
        if isinstance(frame, Output):
            shown, hit = self.session.count(frame)
            assert len(shown) <= len(frame.data)
            return hit is None
        if name == "Call" and self.does & ANSWERS:
            call = event[1][0]
            odd: Any = {"kind": "tool", "message": "\ud800"} if call & 1 else [call]
            assert framed(b"")[:2] < self.session.reply(call, (not call & 1, odd))
            self.model.open_calls.discard(call)
            assert self.session.open_calls == self.model.open_calls
        if isinstance(frame, Done | Failed | Fatal):
            end = self.conclude(frame)
            assert end.verdict.value != "ok" or (name == "Done" and not event[1][2]), f"{end!r:.300}"
            assert end.verdict.value not in ("denied", "crash", "cancelled") or name == "Fatal"
            if name == "Fatal" or self.runs >= MOST_RUNS:
                return False
            assert self.session.idle
            self.begin()
        if isinstance(frame, Hello):
            self.configure()
        return True

    def conclude(self, cause: Cause) -> RunEnd:
        return self.session.conclude(
            cause, delivered=True, wall=1.0, cpu=0.5, peaks=(2**20, 2**21), refused=False, diagnostics=""
        )


class _Over(Exception):
    """Both ends agree that the conversation is over."""


def _unfit(event: Event | None) -> bool:
    return event is not None and (event[0] != "Hello" or event[1][0] != 1 or event[1][1] != "lua")


def _make() -> Check:
    def check(data: bytes) -> None:
        if len(data) < 2:
            return
        host = _Host(data)
        host.prepare()
        try:
            host.go()
        except _Over:
            pass

    return check


def _seeds() -> dict[str, bytes]:
    bodies = frame_bodies()
    frames = {name.removeprefix("frame-"): framed(body) for name, body in bodies.items()}
    call, output = frames["call"], frames["output"]
    ids = b"".join(framed(b"\x94\x05" + bytes([number]) + b"\xa5sleep\x80") for number in range(8, 12))
    claim = b"\x94\x08\x01\x83\xa4kind\xa6denied\xa7message\xa2no\xa4line\xd3" + bytes(7) + b"\x0c\x80"
    whole = framed(b"\x94\x05\xce\x00\x00\x01\x09\xa5sleep\x81\xa7seconds\x01")
    return {
        "hello": b"\x00\x00" + HELLO,
        "hello-and-run": b"\x40\x05" + HELLO + output + call + frames["done"],
        "hello-wrong": b"\x00\x00" + HELLO.replace(b"lua", b"lau"),
        "fatal-at-start": b"\x00\x00" + frames["fatal"],
        "idle-fatal": b"\x01\x00" + frames["fatal"],
        "run": b"\x42\x00" + output + call + frames["done"] + output + framed(b"\x95\x07\x02\xc0\xc0\x80"),
        "run-byte-by-byte": b"\x42\x01" + output + call + frames["failed-rich"],
        "calls-left-open": b"\x02\x00" + ids + frames["done"],
        "calls-answered": b"\x42\x03" + ids + frames["failed"],
        "call-quick": b"\x62\x00" + whole,
        "calls-full": b"\x03\x00" + output + frames["failed-rich"],
        "calls-full-and-one-more": b"\x03\x00" + framed(b"\x94\x05\xcd\x04\x00\xa5sleep\x80"),
        "claims": b"\x02\x01" + output + framed(claim),
        "flood-of-a-large-frame": b"\x92\x00" + (CAP).to_bytes(4, "big") + b"\x93\x04\xa6stdout\xc6\x00\x3f\xff\xf2x",
        "flood-over-the-cap": b"\x92\x00" + (CAP + 1).to_bytes(4, "big") + b"\x93",
    }


SESSION = Target(
    "session",
    "streams of bytes into a host's session in each state, against an independent model",
    _make,
    _seeds,
    (*MSGPACK_WORDS, b"\x00\x00\x00\x02", b"\x00\x40\x00\x00", b"\x00\x40\x00\x01", HELLO, framed(b"\x92\x09\xa2no")),
    {
        "twice-the-cap": Defect(
            f"{WIRE}/exchange.py", "if length > self._receive_cap:", "if length > 2 * self._receive_cap:"
        ),
        "one-call-too-many": Defect(
            f"{WIRE}/exchange.py",
            "elif len(self.open_calls) >= MAX_OPEN_CALLS:",
            "elif len(self.open_calls) > MAX_OPEN_CALLS:",
        ),
        "any-run": Defect(f"{WIRE}/exchange.py", "and frame.run != self._run:", "and frame.run < 0:"),
        "a-claim-believed": Defect(
            "llmspell/sandbox/ending.py", 'if kind == "denied" and seen.refused:', 'if kind == "denied":'
        ),
        "any-stream": Defect(
            f"{WIRE}/frames.py", 'type(value) is str and value in ("stdout", "stderr")', "type(value) is str"
        ),
    },
)
