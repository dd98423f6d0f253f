"""What host and worker say to each other: bytes in, frames out, and no I/O.

Theory of operation. `values.py` decodes what comes under a budget, `sending.py` packs what may travel; `frames.py`
knows the kinds of frame and the shape of each field; `exchange.py` knows who may send what when, in one table of
states, and turns a stream of bytes into frames; `conversation.py` adds quick ways for calls; `pace.py` decides whether
a waiting end tries again or sleeps. Both ends import this package, and it is all that the host imports of the workers.
No exception but `WireError` leaves it: `Violation` says that the other end broke the protocol, `Unsendable` that we
were about to.
"""

from llmspell_workers.wire.conversation import VALUE_AT, Conversation
from llmspell_workers.wire.frames import (
    FIELDS,
    KINDS,
    PROTOCOL_VERSION,
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
    frame_body,
    parse_frame,
)
from llmspell_workers.wire.pace import TRIES, TRY_SIZE, Pace
from llmspell_workers.wire.sending import check, pack
from llmspell_workers.wire.states import TRANSITIONS, State
from llmspell_workers.wire.values import (
    MAX_DEPTH,
    MAX_VALUES,
    Packed,
    Unsendable,
    Violation,
    WireError,
    kind_of,
    unpack,
)

__all__ = [
    "FIELDS",
    "KINDS",
    "MAX_DEPTH",
    "MAX_VALUES",
    "PROTOCOL_VERSION",
    "TRANSITIONS",
    "TRIES",
    "TRY_SIZE",
    "VALUE_AT",
    "Call",
    "Configure",
    "Conversation",
    "Done",
    "Failed",
    "Fatal",
    "Frame",
    "Hello",
    "Output",
    "Pace",
    "Packed",
    "Reply",
    "Run",
    "Shutdown",
    "State",
    "Unsendable",
    "Violation",
    "WireError",
    "check",
    "frame_body",
    "kind_of",
    "pack",
    "parse_frame",
    "unpack",
]
