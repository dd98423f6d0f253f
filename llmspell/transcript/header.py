"""The first line of a transcript: what was run.

The rule kept here: it is hostile text; nothing of it is a path, a command or a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from llmspell.limits import Limits
from llmspell.source import sha256
from llmspell.transcript.event import Event
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.lines import SCHEMA

_MOST_CHARACTERS = 100_000
_MOST_WORDS = 1_000_000


class Header(NamedTuple):
    """What was run. `source` is None where it cannot be what was run, because a key in it was masked."""

    name: str
    sha256: str
    source: bytes | None
    engine: str
    engine_version: str
    arguments: tuple[str, ...]
    limits: Mapping[str, float]
    environment: Mapping[str, str]
    seed: int | None
    clock: float | None
    sleeps: bool
    labels: Mapping[str, str]


def read_header(event: Event) -> Header:
    """What was run. Raises TranscriptError."""
    fields = event.fields
    if fields["event"] != "transcript":
        raise TranscriptError("the first line is no begin of a transcript")
    if fields["schema"] != SCHEMA:
        raise TranscriptError(
            f"the transcript is of the kind {fields['schema']!r:.60}, and this program reads {SCHEMA}"
        )
    script, engine = fields["script"], fields["engine"]
    name, total = _text(script, "name"), _text(script, "sha256")
    words = fields["arguments"]
    if len(words) > _MOST_WORDS or not all(map(_is_text, words)):
        raise TranscriptError("the arguments of the transcript are no list of text")
    seed, clock = fields["seed"], fields["clock"]
    if (seed is None) != (clock is None) or (seed is not None and not (0 <= seed < 2**63 and 0 <= clock < 1e11)):
        raise TranscriptError("the seed and the clock of the transcript are none")
    limits = {name: fields["limits"].get(name) for name in Limits._fields}
    if not all(limit is None or (type(limit) in (int, float) and 0 <= limit < 1e18) for limit in limits.values()):
        raise TranscriptError("a limit of the transcript is none")
    environment = event.value("environment")
    source = event.value("source") if "source" in fields else None
    if type(source) is str:
        source = source.encode("utf-8", "surrogatepass")
    if type(source) is not bytes or sha256(source) != total:
        source = None
    return Header(
        name,
        total,
        source,
        _text(engine, "name"),
        _text(engine, "version"),
        tuple(words),
        {name: limit for name, limit in limits.items() if limit is not None},
        _texts(environment, halves=True),
        seed,
        clock,
        fields["sleeps"],
        _texts(fields["labels"]),
    )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not _is_text(value) or len(value) > _MOST_CHARACTERS:
        raise TranscriptError(f"the transcript does not say {name!r} of its script or its engine")
    return value


def _texts(value: Any, *, halves: bool = False) -> dict[str, str]:
    """A map of text; `halves`: an environment may hold bytes that are no UTF-8, as halves of surrogate pairs."""
    if type(value) is not dict or len(value) > _MOST_WORDS:
        ok = False
    elif halves:
        ok = all(type(one) is str for one in value.values())
    else:
        ok = all(map(_is_text, (*value, *value.values())))
    if not ok:
        raise TranscriptError("the environment or the labels of the transcript are no map of text")
    found: dict[str, str] = value
    return found


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether this is text that can be written: half of a surrogate pair cannot."""
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
