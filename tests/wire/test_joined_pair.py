"""Two ends, joined by pipes that deliver when they like: what one may send is no violation to the other."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmspell_workers.wire import (
    Call,
    Conversation,
    Done,
    Failed,
    Fatal,
    Frame,
    Output,
    Packed,
    Reply,
    Run,
    Shutdown,
    State,
    pack,
)

from .examples import CONFIGURE, ENDS, HELLO, frames, relaxed, same, values

small = st.one_of(st.none(), st.integers(-5, 5), st.lists(st.booleans(), max_size=3), values)


class Session(RuleBasedStateMachine):
    """Each end acts on what it knows; bytes are on their way for as long as the machine likes."""

    def __init__(self) -> None:
        super().__init__()
        self.start(raw=False, greeted=False)

    @initialize(raw=st.booleans(), greeted=st.booleans())
    def start(self, *, raw: bool, greeted: bool) -> None:
        self.ends = {"host": Conversation("host"), "worker": Conversation("worker", raw_replies=raw)}
        self.way = {"host": bytearray(), "worker": bytearray()}
        self.expected: dict[str, list[Frame]] = {"host": [], "worker": []}
        self.run = 0
        self.call = 0
        self.abandoned: set[int] = set()
        if greeted:
            self.send("worker", HELLO)
            self.deliver_all()
            self.send("host", CONFIGURE)
            self.deliver_all()

    @precondition(lambda self: State.CLOSED in (self.state("host"), self.state("worker")))
    @rule(raw=st.booleans(), greeted=st.booleans())
    def start_again(self, *, raw: bool, greeted: bool) -> None:
        self.start(raw=raw, greeted=greeted)

    def send(self, sender: str, frame: Frame) -> None:
        receiver = ENDS[1 - ENDS.index(sender)]
        self.way[receiver] += self.ends[sender].send(frame)
        self.expected[receiver].append(frame)

    def state(self, end: str) -> str:
        return self.ends[end].state

    @precondition(lambda self: self.state("worker") == State.STARTING)
    @rule()
    def hello(self) -> None:
        self.send("worker", HELLO)

    @precondition(lambda self: self.state("host") == State.GREETED)
    @rule()
    def configure(self) -> None:
        self.send("host", CONFIGURE)

    @precondition(lambda self: self.state("host") == State.IDLE)
    @rule(source=st.binary(max_size=20))
    def start_run(self, source: bytes) -> None:
        self.run += 1
        self.send("host", Run(self.run, source, "a.lua", {}))

    @precondition(lambda self: self.state("worker") == State.RUNNING)
    @rule(frame=frames[Output])
    def output(self, frame: Frame) -> None:
        self.send("worker", frame)

    @precondition(lambda self: self.state("worker") == State.RUNNING)
    @rule(skip=st.integers(1, 300), arguments=st.dictionaries(st.just("k"), small))
    def ask(self, skip: int, arguments: dict[str, Any]) -> None:
        self.call += skip
        self.send("worker", Call(self.call, "echo", arguments))

    @precondition(lambda self: self.ends["host"].open_calls)
    @rule(data=st.data(), ok=st.booleans(), value=small)
    def answer(self, data: st.DataObject, *, ok: bool, value: object) -> None:
        number = data.draw(st.sampled_from(sorted(self.ends["host"].open_calls)))
        self.send("host", Reply(number, ok, value))

    @precondition(lambda self: self.state("worker") == State.RUNNING)
    @rule(value=small, failed=st.booleans(), packed=st.booleans())
    def finish(self, value: object, *, failed: bool, packed: bool) -> None:
        self.abandoned |= self.ends["worker"].open_calls
        run = self.run
        if failed:
            self.send("worker", Failed(run, {"kind": "runtime", "message": "m"}, {}))
        elif packed:
            self.send("worker", Done(run, Packed(pack(value)), None, {}))
            self.expected["host"][-1] = Done(run, value, None, {})
        else:
            self.send("worker", Done(run, value, 3, {"memory_refusals": 0}))

    @precondition(lambda self: self.state("host") in (State.GREETED, State.IDLE))
    @rule(really=st.integers(0, 30))
    def shut_down(self, really: int) -> None:
        if really == 30:
            self.send("host", Shutdown())

    @precondition(lambda self: self.state("worker") != State.CLOSED)
    @rule(really=st.integers(0, 30))
    def give_up(self, really: int) -> None:
        if really == 30:
            self.send("worker", Fatal("over"))

    @precondition(lambda self: any(self.way.values()))
    @rule(data=st.data(), everything=st.booleans())
    def deliver(self, data: st.DataObject, *, everything: bool) -> None:
        end = data.draw(st.sampled_from([end for end in ENDS if self.way[end]]))
        size = len(self.way[end]) if everything else data.draw(st.integers(1, len(self.way[end])))
        self.deliver_to(end, size)

    def deliver_all(self) -> None:
        for end in ENDS:
            self.deliver_to(end, len(self.way[end]))

    def deliver_to(self, end: str, size: int) -> None:
        piece = bytes(self.way[end][:size])
        del self.way[end][:size]
        self.ends[end].receive(piece)
        while self.state(end) != State.CLOSED:  # who said or heard the last word reads no more
            frame = self.ends[end].next_frame()
            if frame is None:
                break
            self.compare(end, frame)

    def compare(self, end: str, frame: Frame) -> None:
        expected = self.expected[end].pop(0)
        while end == "worker" and isinstance(expected, Reply) and expected.call in self.abandoned:
            expected = self.expected[end].pop(0)  # it crossed with the end of its run, and was dropped
        fields = [field.unpack() if type(field) is Packed else field for field in frame.fields()]
        assert type(frame) is type(expected)
        assert all(map(same, fields, expected.fields()))

    @invariant()
    def both_know_the_same_once_all_is_delivered(self) -> None:
        if any(self.way.values()) or State.CLOSED in (self.state("host"), self.state("worker")):
            return
        assert self.state("host") == self.state("worker")
        if self.state("host") == State.RUNNING:
            assert self.ends["host"].open_calls == self.ends["worker"].open_calls
        else:
            assert not self.ends["host"].open_calls


Session.TestCase.settings = settings(relaxed, max_examples=80, stateful_step_count=40)
test_random_conversations = Session.TestCase
