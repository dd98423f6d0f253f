"""The languages that the suite runs, and the documented rules by which their values differ.

A built-in engine without a line here, or without a spell for a case, fails the suite.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llmspell.engines.builtin import ROWS
from llmspell.engines.factory import EngineFactory, EngineSpec

SPELLS = Path(__file__).parent / "spells"
CASES = Path(__file__).parent / "cases"
INTEGER = 2**53 - 1
"""The greatest integer that a float holds without losing any."""


class Language(NamedTuple):
    """One engine of the suite, and what its language cannot keep of a value that goes there and back.

    `name` is what `--engine` takes; `spells` is the suffix of its spells.
    """

    name: str
    spells: str
    whole_floats: type[int] | type[float] = float
    """What 1.0 is when it comes back: an `int` in a language that does not tell them apart."""
    integers: int = 2**63 - 1
    """The greatest integer that comes back unchanged; a greater one may not be sent to it by the suite."""
    text_bytes: bool = False
    """Whether bytes that are valid UTF-8 come back as text."""
    keeps_nil: bool = True
    """Whether a nil in a map comes back as one; else its key is left out."""
    empty_maps: type[dict[str, Any]] | type[list[Any]] = dict
    """What an empty map that the script has made is."""
    cpu_line: bool = True
    """Whether a run that its time has ended says the line where it was."""

    def spec(self) -> EngineSpec:
        """The engine's row."""
        return EngineFactory().get(self.name)


LANGUAGES = (
    Language("lua", ".lua", text_bytes=True, keeps_nil=False),
    Language("javascript", ".js", whole_floats=int),
    Language("python", ".py"),
    Language("lua@5.1", ".lua", whole_floats=int, integers=INTEGER, text_bytes=True, keeps_nil=False),
    Language("lua@5.3", ".lua", text_bytes=True, keeps_nil=False),
    Language("lua@5.5", ".lua", text_bytes=True, keeps_nil=False),
    Language("lua@luajit", ".lua", whole_floats=int, integers=INTEGER, text_bytes=True, keeps_nil=False),
)
"""The built-in engines and their dialects; those that `ROWS` does not have yet are left out."""
BUILT_IN = [row[0] for row in ROWS]
THERE = [language for language in LANGUAGES if language.name.partition("@")[0] in BUILT_IN]

every_language = pytest.mark.parametrize("language", THERE, ids=lambda language: language.name)


def spell_of(folder: Path, name: str, language: Language) -> str:
    """The source of a spell; an engine that has none fails."""
    path = folder / f"{name}{language.spells}"
    if not path.exists():
        pytest.fail(f"engine {language.name} has no spell {path.relative_to(Path(__file__).parent)}")
    return path.read_text()


def as_it_comes_back(value: Any, language: Language) -> Any:
    """What is left of a value that was handed to a script, which gave it back."""
    match value:
        case dict():
            return {
                key: as_it_comes_back(inner, language)
                for key, inner in value.items()
                if inner is not None or language.keeps_nil
            }
        case list():
            return [as_it_comes_back(inner, language) for inner in value]
        case bytes() if language.text_bytes:
            try:
                return value.decode()
            except UnicodeDecodeError:
                return value
        case float() if (
            language.whole_floats is int and value.is_integer() and abs(value) <= INTEGER and str(value) != "-0.0"
        ):
            return int(value)
    return value
