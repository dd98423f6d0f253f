"""The events of a record in their order, and whether a call is the one that comes next in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmspell.sandbox.session import RunStopped
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.divergence import call_lines, difference, diverged, shown
from llmspell.transcript.event import Event
from llmspell.transcript.form import same
from llmspell.transcript.secrets import MASK, masked_like


class InOrder:
    """A place in a record, between a call and all that came after it up to the next one."""

    __slots__ = ("_at", "_events", "_script", "step")

    def __init__(self, cassette: Cassette, script: str) -> None:
        self._events, self._script = cassette.events, script
        self._at = 0
        self.step = 0
        """The last call that was made."""

    @property
    def is_over(self) -> bool:
        """Whether all of it has happened again."""
        return self._at >= len(self._events)

    @property
    def next_call(self) -> Event | None:
        """The call that comes next."""
        return self._events[self._at] if not self.is_over and self._events[self._at].kind == "call" else None

    def follow(self, capability: str, arguments: dict[str, Any]) -> Event | None:
        """The recorded call that this one is, None at the end. Raises RunStopped, and TranscriptError."""
        event = self.next_call
        if event is None:
            return None
        recorded = event.value("arguments")
        if event["capability"] != capability or not alike(recorded, arguments):
            found = difference(call_lines(event["capability"], recorded), call_lines(capability, arguments))
            asked, had = shown(capability), shown(event["capability"])
            what = f"{had} was recorded, and {asked} was asked" if asked != had else f"{asked} was asked something else"
            raise RunStopped(diverged(f"step {event['step']}: {what}", self._script, found))
        self._at += 1
        self.step = event["step"]
        return event

    def passed(self) -> Iterator[Event]:
        """What happened then up to the next call; it is passed over."""
        while not self.is_over and (event := self._events[self._at]).kind != "call":
            self._at += 1
            yield event

    @property
    def follows_limit(self) -> bool:
        """Whether a limit comes next."""
        return not self.is_over and self._events[self._at].kind == "limit"


def alike(recorded: Any, given: Any) -> bool:
    """Whether what was asked is what was recorded; a key that was masked is like any text in its place."""
    return same(recorded, given) or (_is_masked(recorded) and _like(recorded, given))


def _is_masked(value: Any) -> bool:
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, dict):
        return any(_is_masked(key) or _is_masked(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_is_masked, value))


def _like(recorded: Any, given: Any) -> bool:
    if type(recorded) is str and type(given) is str:
        return recorded == given or masked_like(recorded, given)
    if type(recorded) is dict and type(given) is dict:
        return len(recorded) == len(given) and all(
            key in given and _like(item, given[key]) for key, item in recorded.items()
        )
    if type(recorded) is list and type(given) is list:
        return len(recorded) == len(given) and all(map(_like, recorded, given))
    return same(recorded, given)
