"""What a deterministic run draws from."""

from typing import NamedTuple

SEEDED_CLOCK = 946_684_800
"""Where the clock of a deterministic run starts: 2000-01-01 00:00:00 UTC, in seconds since 1970."""


class Deterministic(NamedTuple):
    """What a deterministic run draws from: its seed, and where its clock starts, in seconds since 1970.

    `sleeps`: a sleep is a call and lasts as long as it says, as in a run that is recorded; else it takes no time.
    Unless `required`, an engine that cannot be deterministic runs as it always does.
    """

    seed: int
    clock: float = SEEDED_CLOCK
    sleeps: bool = False
    required: bool = True

    def to_wire(self) -> dict[str, object]:
        """The field `replay` of Configure."""
        return {"seed": self.seed, "clock": self.clock, **({"sleeps": True} if self.sleeps else {})}
