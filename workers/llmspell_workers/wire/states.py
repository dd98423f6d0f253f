"""The states of a conversation, and what may be sent in each: one table, kept by both ends and drawn in the docs."""

from __future__ import annotations

from llmspell_workers.wire.frames import (
    Call,
    Configure,
    Done,
    Failed,
    Fatal,
    Frame,
    Hello,
    Output,
    Reply,
    Run,
    Shutdown,
)


class State:
    """The states of a conversation, by name."""

    STARTING = "starting"
    GREETED = "greeted"
    IDLE = "idle"
    RUNNING = "running"
    CLOSED = "closed"


TRANSITIONS: dict[str, dict[type[Frame], str]] = {
    State.STARTING: {Hello: State.GREETED, Fatal: State.CLOSED},
    State.GREETED: {Configure: State.IDLE, Fatal: State.CLOSED, Shutdown: State.CLOSED},
    State.IDLE: {Run: State.RUNNING, Reply: State.IDLE, Fatal: State.CLOSED, Shutdown: State.CLOSED},
    State.RUNNING: {
        Output: State.RUNNING,
        Call: State.RUNNING,
        Reply: State.RUNNING,
        Done: State.IDLE,
        Failed: State.IDLE,
        Fatal: State.CLOSED,
    },
    State.CLOSED: {},
}
"""What may be sent in each state, and the state after it; `FROM_HOST` says whose frame it is.

A Reply in state idle is one that crossed with the last frame of a run which left its call open: a worker meets
it and `next_frame` drops it, a host never sends one there (for it the calls of a run end with the run).
"""
