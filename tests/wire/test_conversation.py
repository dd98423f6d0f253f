"""Conversations: who may send what when, caps, ids, and frames cut out of a stream wherever it is split."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell_workers.wire import (
    KINDS,
    TRANSITIONS,
    Call,
    Done,
    Failed,
    Fatal,
    Frame,
    Output,
    Reply,
    Run,
    Shutdown,
    State,
    Unsendable,
    Violation,
    frame_body,
)
from llmspell_workers.wire.exchange import FROM_HOST, MAX_OPEN_CALLS, TO_HOST_CAP, TO_WORKER_CAP

from .examples import (
    ENDS,
    EXAMPLES,
    HELLO,
    MIB,
    RUN,
    WAY,
    carry,
    framed,
    frames,
    is_from_host,
    pair_in,
    receive_raw,
    relaxed,
    same_frame,
)

STATES = list(TRANSITIONS)
EVERY_CASE = [
    pytest.param(state, kind, end, id=f"{state}-{kind.__name__}-{end}")
    for state, kind, end in itertools.product(STATES, KINDS.values(), ENDS)
]


def _is_legal(state: str, kind: type[Frame], sender: str) -> bool:
    if kind is Reply and state == State.IDLE:
        return False  # only one that crossed with the end of its run, and none did
    return kind in TRANSITIONS[state] and (kind in FROM_HOST) == (sender == "host")


def test_the_table_is_the_protocol() -> None:
    """Said once more, by name, so that the table cannot change unnoticed."""
    assert {state: {kind.__name__: after for kind, after in row.items()} for state, row in TRANSITIONS.items()} == {
        "starting": {"Hello": "greeted", "Fatal": "closed"},
        "greeted": {"Configure": "idle", "Fatal": "closed", "Shutdown": "closed"},
        "idle": {"Run": "running", "Reply": "idle", "Fatal": "closed", "Shutdown": "closed"},
        "running": {
            "Output": "running",
            "Call": "running",
            "Reply": "running",
            "Done": "idle",
            "Failed": "idle",
            "Fatal": "closed",
        },
        "closed": {},
    }
    assert {kind for kind, frame in EXAMPLES.items() if is_from_host(frame)} == FROM_HOST
    assert set(WAY) == set(TRANSITIONS)


@pytest.mark.parametrize(("state", "kind", "end"), EVERY_CASE)
def test_a_frame_is_sent_in_the_states_of_the_table_only(state: str, kind: type[Frame], end: str) -> None:
    sender = pair_in(state)[end]
    calls = set(sender.open_calls)
    if _is_legal(state, kind, end):
        assert sender.send(EXAMPLES[kind]) == framed(frame_body(EXAMPLES[kind]))
        assert sender.state == TRANSITIONS[state][kind]
        return
    with pytest.raises(Unsendable, match=rf"{kind.__name__} may not be sent: .*in state {state}"):
        sender.send(EXAMPLES[kind])
    assert (sender.state, sender.open_calls) == (state, calls)


@pytest.mark.parametrize(("state", "kind", "end"), EVERY_CASE)
def test_a_frame_is_received_in_the_states_of_the_table_only(state: str, kind: type[Frame], end: str) -> None:
    receiver = pair_in(state)[end]
    if _is_legal(state, kind, "worker" if end == "host" else "host"):
        assert receive_raw(receiver, EXAMPLES[kind]) == EXAMPLES[kind]
        assert receiver.state == TRANSITIONS[state][kind]
        return
    with pytest.raises(Violation, match=rf"a {kind.__name__} frame.*in state {state}"):
        receive_raw(receiver, EXAMPLES[kind])
    assert receiver.state == State.CLOSED


STREAMS: dict[str, list[Frame]] = {
    "host": [
        Output("stdout", b"hello"),
        Call(8, "sleep", {"seconds": 0.5}),
        Output("stderr", b""),
        Done(1, ["end"], 3, {}),
        Fatal("over"),
    ],
    "worker": [Reply(7, True, "x" * 30), Reply(8, False, {"kind": "tool", "message": "m", "details": {}})],
}
"""What may come to each end while run 1 is under way and calls 7 and 8 are open."""


def _take(end: str, pieces: Iterable[bytes]) -> list[Frame]:
    ends = pair_in(State.RUNNING)
    if end == "worker":
        carry(ends, Call(8, "x", {}))
    got = []
    for piece in pieces:
        ends[end].receive(piece)
        while (frame := ends[end].next_frame()) is not None:
            got.append(frame)
    assert ends[end].held == 0
    return got


def _stream(end: str) -> bytes:
    return b"".join(framed(frame_body(frame)) for frame in STREAMS[end])


@pytest.mark.parametrize("end", ENDS)
def test_a_stream_split_at_any_byte_gives_the_same_frames(end: str) -> None:
    stream = _stream(end)
    for cut in range(len(stream) + 1):
        assert _take(end, [stream[:cut], stream[cut:]]) == STREAMS[end]
    assert _take(end, [bytes([byte]) for byte in stream]) == STREAMS[end]


@relaxed
@given(st.sampled_from(ENDS), st.lists(st.integers(0, 120), max_size=12))
def test_a_stream_in_any_pieces_gives_the_same_frames(end: str, cuts: list[int]) -> None:
    stream = _stream(end)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    assert _take(end, [stream[start:stop] for start, stop in itertools.pairwise(edges)]) == STREAMS[end]


@pytest.mark.parametrize("end", ENDS)
def test_a_stream_that_ends_too_early_gives_no_more_than_its_whole_frames(end: str) -> None:
    stream = _stream(end)
    for cut in range(len(stream)):
        receiver = pair_in(State.RUNNING)[end]
        if end == "worker":
            receiver.send(Call(8, "x", {}))
        receiver.receive(stream[:cut])
        got = []
        while (frame := receiver.next_frame()) is not None:
            got.append(frame)
        assert got == STREAMS[end][: len(got)]
        assert receiver.held == cut - sum(len(frame_body(frame)) + 4 for frame in got)


def test_a_reply_to_no_call_is_a_violation() -> None:
    for number in (0, 6, 8, 2**63 - 1):
        ends = pair_in(State.RUNNING)
        with pytest.raises(Unsendable, match=f"to no call \\(id {number}\\)"):
            ends["host"].send(Reply(number, True, None))
        with pytest.raises(Violation, match=f"to no call \\(id {number}\\) in state running"):
            receive_raw(ends["worker"], Reply(number, True, None))


def test_a_call_is_answered_once() -> None:
    ends = pair_in(State.RUNNING)
    carry(ends, Reply(7, True, None))
    with pytest.raises(Unsendable, match="to no call"):
        ends["host"].send(Reply(7, True, None))
    with pytest.raises(Violation, match="to no call"):
        receive_raw(ends["worker"], Reply(7, True, None))


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("number", [0, 6, 7])
def test_call_ids_rise(number: int, answered: bool) -> None:
    ends = pair_in(State.RUNNING)
    if answered:
        carry(ends, Reply(7, True, None))
    with pytest.raises(Unsendable, match="used already"):
        ends["worker"].send(Call(number, "x", {}))
    with pytest.raises(Violation, match=f"id {number} in state running, which was used already"):
        receive_raw(ends["host"], Call(number, "x", {}))


def test_call_ids_rise_from_run_to_run() -> None:
    ends = pair_in(State.RUNNING)
    for frame in (Done(1, None, None, {}), Run(2, b"", "b", {})):
        carry(ends, frame)
    with pytest.raises(Unsendable, match="used already"):
        ends["worker"].send(Call(7, "x", {}))
    carry(ends, Call(2**63 - 1, "x", {}))
    assert ends["host"].open_calls == ends["worker"].open_calls == {2**63 - 1}


def test_256_calls_may_be_open_and_answered_in_any_order() -> None:
    ends = pair_in(State.RUNNING)
    numbers = range(8, 8 + MAX_OPEN_CALLS - 1)
    for number in numbers:
        carry(ends, Call(number, "x", {}))
    over = Call(numbers[-1] + 1, "x", {})
    with pytest.raises(Unsendable, match="256 calls are open"):
        ends["worker"].send(over)
    assert len(ends["worker"].open_calls) == MAX_OPEN_CALLS == 256
    for number in reversed(numbers):
        carry(ends, Reply(number, True, number))
    carry(ends, over)
    assert ends["host"].open_calls == ends["worker"].open_calls == {7, over.call}


def test_a_257th_open_call_is_a_violation() -> None:
    host = pair_in(State.RUNNING)["host"]
    for number in range(8, 8 + MAX_OPEN_CALLS - 1):
        receive_raw(host, Call(number, "x", {}))
    with pytest.raises(Violation, match="256 calls are open"):
        receive_raw(host, Call(1000, "x", {}))


@pytest.mark.parametrize("last", [Done(2, None, None, {}), Failed(2, {"kind": "k", "message": "m"}, {})])
def test_the_last_frame_names_the_run_that_is_under_way(last: Frame) -> None:
    ends = pair_in(State.RUNNING)
    with pytest.raises(Unsendable, match="for run 2 while run 1 is under way"):
        ends["worker"].send(last)
    with pytest.raises(Violation, match="for run 2 while run 1 is under way"):
        receive_raw(ends["host"], last)


LAST = [Done(1, None, None, {}), Failed(1, {"kind": "k", "message": "m"}, {})]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("last", LAST)
def test_a_reply_that_crosses_with_the_end_of_its_run_is_dropped(last: Frame, raw: bool) -> None:
    ends = pair_in(State.RUNNING, raw_replies=raw)
    worker, host = ends["worker"], ends["host"]
    late = host.send(Reply(7, True, None))  # before the host has read the end of the run
    host.receive(worker.send(last))
    assert host.next_frame() == last
    worker.receive(late + host.send(Run(2, b"", "b", {})))
    assert worker.next_frame() == Run(2, b"", "b", {})
    assert worker.open_calls == host.open_calls == set()


@pytest.mark.parametrize("last", LAST)
def test_an_abandoned_call_has_no_answer_after_the_host_knows(last: Frame) -> None:
    ends = pair_in(State.RUNNING)
    carry(ends, last)
    with pytest.raises(Unsendable, match="to no call"):
        ends["host"].send(Reply(7, True, None))
    carry(ends, Run(2, b"", "b", {}))
    with pytest.raises(Violation, match="to no call"):
        receive_raw(ends["worker"], Reply(7, True, None))


def test_a_late_reply_comes_once_and_only_to_a_call_of_the_run() -> None:
    for replies in ([Reply(8, True, None)], [Reply(7, True, None), Reply(7, True, None)]):
        worker = pair_in(State.RUNNING)["worker"]
        worker.send(LAST[0])
        worker.receive(b"".join(framed(frame_body(reply)) for reply in replies))
        with pytest.raises(Violation, match=r"to no call .* in state idle"):
            worker.next_frame()


CAPS = {"host": TO_HOST_CAP, "worker": TO_WORKER_CAP}


@pytest.mark.parametrize("end", ENDS)
def test_a_length_over_the_cap_is_refused_by_its_four_bytes(end: str) -> None:
    for length in (CAPS[end] + 1, 2**31, 2**32 - 1):
        receiver = pair_in(State.RUNNING)[end]
        receiver.receive(length.to_bytes(4, "big"))
        with pytest.raises(Violation, match=f"{length:,} bytes is over the cap of {CAPS[end]:,}"):
            receiver.next_frame()
        assert receiver.state == State.CLOSED


@pytest.mark.parametrize("end", ENDS)
def test_a_frame_of_just_the_cap_is_taken(end: str) -> None:
    overhead = 9 if end == "worker" else 14
    for excess in (0, 1):
        ends = pair_in(State.RUNNING)
        data = b"x" * (CAPS[end] - overhead + excess)
        frame: Frame = Reply(7, True, data) if end == "worker" else Output("stdout", data)
        body = frame_body(frame)
        assert len(body) == CAPS[end] + excess
        if not excess:
            assert carry(ends, frame) == frame
            continue
        sender = ends["host" if end == "worker" else "worker"]
        with pytest.raises(Unsendable, match=f"takes {CAPS[end] + 1:,} bytes .* may take {CAPS[end]:,}"):
            sender.send(frame)
        assert sender.state == State.RUNNING
        with pytest.raises(Violation, match="over the cap"):
            receive_raw(ends[end], frame)


@pytest.mark.parametrize(("memory", "cap"), [(50 * MIB, 50 * MIB // 4), (20 * MIB, 5 * MIB), (1024 * MIB, 16 * MIB)])
def test_a_worker_is_sent_no_frame_over_a_quarter_of_its_memory(memory: int, cap: int) -> None:
    ends = pair_in(State.RUNNING)
    for end in ends.values():
        end.cap_worker_memory(memory)
    with pytest.raises(Unsendable, match=f"may take {cap:,}"):
        ends["host"].send(Reply(7, True, b"x" * cap))
    ends["worker"].receive((cap + 1).to_bytes(4, "big"))
    with pytest.raises(Violation, match=f"over the cap of {cap:,}"):
        ends["worker"].next_frame()


def test_what_a_worker_sends_is_not_capped_by_its_memory() -> None:
    ends = pair_in(State.RUNNING)
    for end in ends.values():
        end.cap_worker_memory(4 * MIB)
    big = Output("stdout", b"x" * (3 * MIB))
    assert carry(ends, big) == big


def test_unsendable_changes_nothing() -> None:
    ends = pair_in(State.RUNNING)
    refused: list[tuple[str, Frame]] = [
        *(
            ("worker", Call(8, "x", {"k": len})),
            ("worker", Call(7, "x", {})),
            ("worker", Done(9, 1, None, {})),
        ),
        *(
            ("worker", Done(1, {1}, None, {})),
            ("host", Reply(7, True, {"k": len})),
            ("host", Reply(9, True, 1)),
        ),
        *(
            ("host", RUN),
            ("host", Shutdown()),
            ("host", Reply(7, True, b"x" * TO_WORKER_CAP)),
            ("host", HELLO),
        ),
    ]
    for end, frame in refused:
        with pytest.raises(Unsendable):
            ends[end].send(frame)
        assert (ends[end].state, ends[end].open_calls) == (State.RUNNING, {7})
    for frame in (
        Call(8, "x", {}),
        Reply(7, True, 1),
        Reply(8, True, 2),
        Done(1, None, None, {}),
        Shutdown(),
    ):
        assert carry(ends, frame) == frame


@pytest.mark.parametrize("end", ENDS)
def test_a_violation_closes_the_conversation_for_good(end: str) -> None:
    ends = pair_in(State.RUNNING)
    with pytest.raises(Violation):
        receive_raw(ends[end], HELLO)
    assert ends[end].state == State.CLOSED
    for frame in EXAMPLES.values():
        with pytest.raises(Violation, match="in state closed"):
            receive_raw(ends[end], frame)
        with pytest.raises(Unsendable, match="in state closed"):
            ends[end].send(frame)


def test_an_answered_frame_leaves_no_room_behind() -> None:
    ends = pair_in(State.RUNNING)
    carry(ends, Output("stdout", b"x" * (3 * MIB)))
    assert ends["host"].held == 0
    ends["host"].receive(b"\0\0")
    assert ends["host"].held == 2
    assert ends["host"].next_frame() is None


@relaxed
@given(st.sampled_from(list(frames)).flatmap(lambda kind: frames[kind]))
def test_what_one_end_sends_the_other_receives(frame: Frame) -> None:
    ends = pair_in(next(state for state in (*STATES[3:], *STATES) if type(frame) in TRANSITIONS[state]))
    with contextlib.suppress(Unsendable):  # another run or call than that of the example
        assert same_frame(carry(ends, frame), frame)
