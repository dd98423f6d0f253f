"""What the tests of the wire share: values and frames to draw from, joined ends, equality that is strict."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from llmspell_workers.wire import (
    PROTOCOL_VERSION,
    Call,
    Configure,
    Conversation,
    Done,
    Failed,
    Fatal,
    Frame,
    Hello,
    Output,
    Reply,
    Run,
    Shutdown,
    State,
    frame_body,
)

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
"""For noisy machines: no example has to be quick."""
thorough = settings(relaxed, max_examples=120)

MIB = 1024 * 1024
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
INT_EDGES = sorted(
    {sign * 2**bits + step for bits in (5, 7, 8, 15, 16, 31, 32, 62, 63) for sign in (1, -1) for step in (-1, 0, 1)}
    | {0, 1, -1}
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ints = st.integers(INT_MIN, INT_MAX) | st.sampled_from([n for n in INT_EDGES if INT_MIN <= n <= INT_MAX])
scalars = st.none() | st.booleans() | ints | st.floats() | texts | st.binary(max_size=40)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(texts, inner, max_size=20),
    max_leaves=30,
)
maps = st.dictionaries(texts, values, max_size=5)
uints = st.integers(0, INT_MAX)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)
errors = st.fixed_dictionaries(
    {"kind": names, "message": texts},
    optional={
        "line": st.none() | uints,
        "column": st.none() | uints,
        "traceback": st.none() | st.lists(texts, max_size=5),
        "file": st.none() | texts,
    },
)
frames: dict[type[Frame], st.SearchStrategy[Frame]] = {
    Hello: st.builds(Hello, uints, names, names, maps),
    Configure: st.builds(Configure, uints, maps, maps, maps, maps, st.none() | maps),
    Run: st.builds(Run, uints, st.binary(max_size=99), texts, maps, st.sampled_from(["run", "check"])),
    Output: st.builds(Output, st.sampled_from(["stdout", "stderr"]), st.binary(max_size=99)),
    Call: st.builds(Call, uints, names, maps),
    Reply: st.builds(Reply, uints, st.booleans(), values),
    Done: st.builds(Done, uints, values, st.none() | st.integers(0, 255), maps),
    Failed: st.builds(Failed, uints, errors, maps),
    Fatal: st.builds(Fatal, texts),
    Shutdown: st.builds(Shutdown),
}
any_frame = st.one_of(list(frames.values()))

ENDS = ("host", "worker")
HELLO = Hello(PROTOCOL_VERSION, "lua", "5.4", {})
CONFIGURE = Configure(PROTOCOL_VERSION, {}, {}, {}, {})
RUN = Run(1, b"return 1", "a.lua", {})
EXAMPLES: dict[type[Frame], Frame] = {
    Hello: HELLO,
    Configure: CONFIGURE,
    Run: RUN,
    Output: Output("stdout", b"x"),
    Call: Call(8, "sleep", {}),
    Reply: Reply(7, True, None),
    Done: Done(1, None, None, {}),
    Failed: Failed(1, {"kind": "runtime", "message": "no"}, {}),
    Fatal: Fatal("no"),
    Shutdown: Shutdown(),
}
"""One frame of each kind that `pair_in` makes possible: run 1 is under way, call 7 is open."""

WAY = {
    State.STARTING: (),
    State.GREETED: (HELLO,),
    State.IDLE: (HELLO, CONFIGURE),
    State.RUNNING: (HELLO, CONFIGURE, RUN, Call(7, "sleep", {})),
    State.CLOSED: (Fatal("over"),),
}
"""The frames that lead to each state."""


def framed(body: bytes) -> bytes:
    """A frame of a body that may be anything."""
    return len(body).to_bytes(4, "big") + body


def is_from_host(frame: Frame) -> bool:
    """Whose frame it is, said again and apart from the code under test."""
    return isinstance(frame, (Configure, Run, Reply, Shutdown))


def pair_in(state: str, **options: Any) -> dict[str, Conversation]:
    """Both ends of a conversation, joined in memory, in `state`."""
    ends = {"host": Conversation("host"), "worker": Conversation("worker", **options)}
    for frame in WAY[state]:
        assert carry(ends, frame) == frame
    assert {end.state for end in ends.values()} == {state}
    return ends


def carry(ends: dict[str, Conversation], frame: Frame) -> Frame | None:
    """Sends a frame from the end whose it is, and takes it at the other."""
    sender, receiver = ENDS if is_from_host(frame) else ENDS[::-1]
    ends[receiver].receive(ends[sender].send(frame))
    return ends[receiver].next_frame()


def receive_raw(end: Conversation, frame: Frame) -> Frame | None:
    """Hands a frame to an end, whether or not the other end could have sent it."""
    end.receive(framed(frame_body(frame)))
    return end.next_frame()


def same(left: object, right: object) -> bool:
    """Equality that tells 1 from True and 1.0, -0.0 from 0.0, and takes NaN for itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return (left != left and right != right) or struct.pack(">d", left) == struct.pack(">d", right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return left == right


def same_frame(left: Frame | None, right: Frame | None) -> bool:
    """`same` for frames."""
    if left is None or right is None:
        return left is right
    return type(left) is type(right) and all(map(same, left.fields(), right.fields()))


def nested_list(levels: int) -> Any:
    """`levels` lists, one in another."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def nested_map(levels: int) -> Any:
    """`levels` maps, one in another."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"k": value}
    return value
