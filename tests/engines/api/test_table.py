"""Every function of the table is in every engine, under every spelling, and does what its row says."""

from __future__ import annotations

import pytest

from llmspell.capabilities.surface import SURFACE
from llmspell.errors import ErrorKind
from tests.engines.api.conftest import Sessions
from tests.engines.api.languages import BUILT_IN, LANGUAGES, SPELLS, Language, every_language, spell_of
from tests.engines.api.rows import Host, steps


def test_every_built_in_engine_is_in_the_suite() -> None:
    assert set(BUILT_IN) <= {language.name for language in LANGUAGES}


@every_language
def test_every_spell_of_the_suite_is_there(language: Language) -> None:
    for spell in sorted({path.stem for path in SPELLS.iterdir()}):
        spell_of(SPELLS, spell, language)


@every_language
def test_every_function_calls_what_its_row_says_and_gives_what_it_says(sessions: Sessions, language: Language) -> None:
    plan = list(steps())
    host = Host([step.told() for step in plan], plan)
    ended = sessions.run(language, "steps", host)
    assert ended.error is None, ended.error
    spellings = [step.spelling for step in plan]
    assert [spelling for spelling, note in zip(spellings, host.notes, strict=True) if note.get("missing")] == []
    assert dict(zip(spellings, [note["gave"] for note in host.notes], strict=True)) == {
        step.spelling: step.noted() for step in plan
    }
    for number, step in enumerate(plan):
        assert host.calls[number] == [step.call()], step.spelling


@every_language
def test_what_the_engine_makes_itself_is_there(sessions: Sessions, language: Language) -> None:
    ended = sessions.run(language, "there", Host([*SURFACE["engine_made"], *SURFACE["globals"], "ARGS"]))
    assert (ended.error, ended.value) == (None, "all")


@every_language
def test_what_this_version_does_not_have_says_so(sessions: Sessions, language: Language) -> None:
    ended = sessions.run(language, "missing", Host(SURFACE["missing"]))
    assert ended.error is None, ended.error
    assert ended.value == [
        {"name": name, "kind": "not_found", "message": f"{name} is not part of this version of llmspell"}
        for name in SURFACE["missing"]
    ]


@every_language
@pytest.mark.parametrize("kind", [kind.value for kind in ErrorKind])
def test_an_error_of_every_kind_can_be_caught_whole(sessions: Sessions, language: Language, kind: str) -> None:
    ended = sessions.run(language, "caught", Host(kind))
    assert ended.error is None, ended.error
    assert ended.value == {
        "fine": False, "kind": kind, "message": f"it is {kind}", "details": {"kind": [kind, 1]},
        "text": f"it is {kind}", "answer": {"success": False, "error": f"it is {kind}", "kind": kind},
    }  # fmt: skip


@every_language
@pytest.mark.parametrize("kind", [kind.value for kind in ErrorKind])
def test_an_error_that_nobody_catches_ends_the_run_by_its_kind(
    sessions: Sessions, language: Language, kind: str
) -> None:
    ended = sessions.run(language, "uncaught", Host(kind))
    assert ended.error is not None
    wanted = (kind, f"it is {kind}", 2)
    assert (ended.error.kind, ended.error.message, ended.error.line) == wanted
