"""The cassette of a script: read, and held against what stands beside the script today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmspell.outcome import Verdict
from llmspell.source import sha256
from llmspell.transcript.form import TranscriptError

if TYPE_CHECKING:
    from llmspell.transcript.cassette import Cassette

_MODULE = "module.load"


def open_cassette(content: bytes) -> Cassette:
    """A cassette that travelled. Raises TranscriptError, also for one that was cut before the end of its run."""
    from llmspell.transcript.cassette import Cassette

    cassette = Cassette.from_bytes(content)
    if cassette.end is None:
        raise TranscriptError("the record ends before the run did: record it again")
    return cassette


def is_of(cassette: Cassette, source: bytes) -> bool:
    """Whether this is the source that was recorded."""
    return sha256(source) == cassette.header.sha256


def recorded_verdict(cassette: Cassette) -> Verdict | None:
    """How the recorded run ended. Raises TranscriptError."""
    ended = cassette.ended()
    return None if ended is None else ended.verdict


def stale_modules(cassette: Cassette, modules: Mapping[str, bytes]) -> list[str]:
    """The modules that were loaded when it was recorded, and are others now or gone. Raises TranscriptError."""
    loads = {event["step"] for event in cassette.events if event.kind == "call" and event["capability"] == _MODULE}
    stale = []
    for event in cassette.events if loads else ():
        if event.kind != "reply" or event["step"] not in loads or not event["ok"]:
            continue
        loaded = event.value("value")
        name, source = (loaded.get("name"), loaded.get("source")) if type(loaded) is dict else (None, None)
        source = source.encode("utf-8", "surrogatepass") if type(source) is str else source
        if type(name) is str and modules.get(name.removeprefix("./")) != source:
            stale.append(name[:100])
    return stale
