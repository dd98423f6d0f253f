"""Transcripts: a run written down as it happens, and run again from what was written. See `docs/transcripts.md`.

A transcript is what a run leaves; used as canned answers it is a cassette. What is public here is loaded on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.transcript.cassette import Cassette
    from llmspell.transcript.file import Sink, TranscriptFile, TranscriptInMemory
    from llmspell.transcript.form import TranscriptError
    from llmspell.transcript.times import Timed, timeline

_HOMES = {
    "Cassette": "cassette",
    "Sink": "file",
    "Timed": "times",
    "TranscriptError": "form",
    "TranscriptFile": "file",
    "TranscriptInMemory": "file",
    "timeline": "times",
}

__all__ = ["Cassette", "Sink", "Timed", "TranscriptError", "TranscriptFile", "TranscriptInMemory", "timeline"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"llmspell.transcript.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'llmspell.transcript' has no attribute {name!r}")
