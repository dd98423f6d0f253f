"""The calls of a recorded run on its timeline."""

from __future__ import annotations

from typing import NamedTuple

from llmspell.transcript.cassette import Cassette


class Timed(NamedTuple):
    """One counted call; seconds count from the begin of the run. `ok` is None for one that has no answer.

    `agent` is the agent whose model made the call, None where the script did.
    """

    capability: str
    name: str | None
    ok: bool | None
    begun_seconds: float
    wall_seconds: float
    agent: str | None = None


def timeline(cassette: Cassette) -> list[Timed]:
    """The counted calls in the order in which they began; one without an answer lasts to the end of the record."""
    last = max((event.at for event in cassette.events), default=0.0)
    made: dict[tuple[str, int], Timed] = {}
    for event in cassette.events:
        if event.kind == "call":
            if event["counted"]:
                made["call", event["step"]] = Timed(event["capability"], event["name"], None, event.at, last - event.at)
        elif event.kind == "nested":
            key, name = ("nested", event["number"]), event["name"]
            made[key] = Timed(event["capability"], name, None, event.at, last - event.at, event["agent"])
        elif event.kind in ("reply", "nested_reply"):
            key = ("call", event["step"]) if event.kind == "reply" else ("nested", event["number"])
            if key in made:
                begun = made[key]
                made[key] = begun._replace(ok=event["ok"], wall_seconds=max(event.at - begun.begun_seconds, 0.0))
    return list(made.values())
