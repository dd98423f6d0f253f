"""Which tape a run gets, from what its caller asked for.

The rule kept here: whatever cannot be meant is refused before anything runs or is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from llmspell.errors import UsageError
from llmspell.source import sha256
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.file import Sink, TranscriptFile
from llmspell.transcript.form import TranscriptError

if TYPE_CHECKING:
    from llmspell.capabilities.scripting import LogSink
    from llmspell.engines.bridge import Script
    from llmspell.limits import Limits
    from llmspell.sandbox.threads import Threads
    from llmspell.transcript.resumable import Resumable
    from llmspell.transcript.tape import Tape

STRICT, LOOSE, ONCE = "strict", "loose", "once"
MODES = (STRICT, LOOSE, ONCE)
Place = Sink | str | os.PathLike[str]


class Host(NamedTuple):
    """What a runtime has for a tape."""

    engine: str
    limits: Limits
    environment: Mapping[str, str]
    secrets: Callable[[], tuple[str, ...]]
    threads: Callable[[], Threads]
    log: LogSink


class Plan:
    """A run that is recorded, replayed, or both. `name` and `words` are what it is run with."""

    def __init__(
        self,
        record: Place | None,
        replay: Cassette | Place | None,
        mode: str,
        *,
        name: str,
        words: tuple[str, ...],
        seed: int | None,
        labels: Mapping[str, str],
    ) -> None:
        """Raises UsageError, TranscriptError among them."""
        self._mode = _checked_mode(mode, replay, seed, records=record is not None)
        if not isinstance(labels, Mapping) or not all(type(word) is str for row in labels.items() for word in row):
            raise UsageError("the labels of a transcript are text by name")
        if not (record is None or isinstance(record, (str, os.PathLike)) or hasattr(record, "line")):
            raise UsageError(f"a record is written to a file by its name, or a TranscriptInMemory, not {record!r:.60}")
        self._seed, self._labels = seed, labels
        self.name, self.words = name, words
        self._cassette = _opened(replay, may_lack=mode == ONCE)
        if mode == ONCE and record is None:
            if isinstance(replay, Cassette):
                raise UsageError("a run in the mode once is recorded: say where with record")
            record = replay
        self._record = record
        if self._cassette is not None:
            self._take_over(self._cassette)

    @property
    def is_live(self) -> bool:
        """Whether calls may be made."""
        return self._cassette is None or self._mode == ONCE

    def tape(self, script: Script, host: Host) -> Tape:
        """The tape of the run. Raises UsageError."""
        cassette = self._cassette
        if cassette is not None:
            _check_same(cassette, script, host.engine, loose=self._mode != STRICT)
        from llmspell.transcript.tape import RecordTape, ReplayTape

        if cassette is not None and self._mode != ONCE:
            return ReplayTape(cassette, script, limits=host.limits, log=host.log, loose=self._mode == LOOSE)
        assert self._record is not None
        sink = TranscriptFile(self._record) if isinstance(self._record, (str, os.PathLike)) else self._record
        limits, environment, secrets = host.limits, host.environment, host.secrets()
        if cassette is None:
            return RecordTape(
                sink, script, self.words, limits=limits, environment=environment, seed=self._seed, secrets=secrets,
                threads=host.threads, labels=self._labels,
            )  # fmt: skip
        from llmspell.transcript.live import OnceTape

        return OnceTape(
            cassette, sink, script, self.words, limits=limits, environment=environment, secrets=secrets,
            threads=host.threads, labels=self._labels,
        )  # fmt: skip

    def _take_over(self, cassette: Cassette) -> None:
        header = cassette.header
        if self._mode == STRICT:
            if self.words and self.words != header.arguments:
                raise TranscriptError(
                    f"{cassette.name} was recorded with other arguments: {list(header.arguments)!a:.200};"
                    " leave them out, or record it again"
                )
            self.name = header.name
        self.words = self.words or header.arguments


class ResumePlan:
    """A run that goes on where its record ends."""

    is_live = True

    def __init__(self, resumed: Resumable, unanswered: str) -> None:
        """Raises UsageError."""
        from llmspell.transcript.live import UNANSWERED

        if unanswered not in UNANSWERED:
            raise UsageError(f"{unanswered!r:.60} is nothing to do with unanswered calls: {', '.join(UNANSWERED)} are")
        self._resumed, self._unanswered = resumed, unanswered
        self.name, self.words = resumed.cassette.header.name, resumed.cassette.header.arguments

    def tape(self, script: Script, host: Host) -> Tape:
        """The tape of the run. Raises TranscriptError."""
        from llmspell.transcript.live import ResumeTape

        _check_same(self._resumed.cassette, script, host.engine, loose=False)
        return ResumeTape(
            self._resumed, script, limits=host.limits, environment=host.environment, secrets=host.secrets(),
            threads=host.threads, unanswered=self._unanswered,
        )  # fmt: skip


def _checked_mode(mode: str, replay: object, seed: int | None, *, records: bool) -> str:
    if mode not in MODES:
        raise UsageError(f"{mode!r:.60} is no mode of a replay: {', '.join(MODES)} are")
    if replay is None:
        if mode != STRICT:
            raise UsageError(f"the mode {mode} is one of a replay: say what is replayed")
        return mode
    if records and mode != ONCE:
        raise UsageError("a run is recorded or replayed; both at once is the mode once")
    if seed is not None:
        raise UsageError("a run that is replayed has the seed that was recorded: leave the other one out")
    return mode


def _opened(replay: Cassette | Place | None, *, may_lack: bool) -> Cassette | None:
    if replay is None or isinstance(replay, Cassette):
        return replay
    if not isinstance(replay, (str, os.PathLike)):
        raise UsageError("a replay needs a Cassette, or the name of a file")
    if may_lack and not os.path.lexists(replay):
        return None
    return Cassette.load(replay)


def _check_same(cassette: Cassette, script: Script, engine: str, *, loose: bool) -> None:
    """Raises TranscriptError unless this is what was recorded, as far as that must be."""
    header, found = cassette.header, sha256(script.source)
    if found != header.sha256 and not loose:
        raise TranscriptError(
            f"{script.name} is not the script that was recorded in {cassette.name}: its SHA-256 begins with"
            f" {found[:12]}, and that of {header.name!a} with {header.sha256[:12]};"
            " record it again, or replay it in the mode loose"
        )
    if engine != header.engine:
        raise TranscriptError(f"{cassette.name} was recorded with the engine {header.engine!a}, not with {engine}")
