"""Every engine, every case of the API suite: recorded, then replayed where nothing may be touched, byte for byte."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from llmspell.transcript import TranscriptInMemory
from tests.engines.api.languages import CASES, LANGUAGES, SPELLS, Language, every_language, spell_of
from tests.engines.api.test_cases import NAMES, limits, policy, run, tools
from tests.transcript.recorded import record, replay, seen

FIRST = [language for language in LANGUAGES if language.name in ("lua", "javascript", "python")]
LATE = """
local spoken = parallel {
  function() return Tool.execute("late", {seconds = 0.2}) end,
  function() return Tool.execute("late", {seconds = 0.1}) end,
}
"""


@pytest.mark.parametrize("language", FIRST, ids=lambda language: language.name)
@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_replayed_byte_for_byte_and_touches_nothing(name: str, language: Language) -> None:
    case: dict[str, Any] = tomllib.loads((CASES / f"{name}.toml").read_text())
    sink = TranscriptInMemory()
    outcome = run(name, case, language, record=sink)
    again = replay(sink.data, language.spec(), source=spell_of(CASES, name, language), limits=limits(case))
    assert seen(again) == seen(outcome)


@every_language
def test_chance_time_and_order_of_a_recorded_run_come_again(language: Language) -> None:
    granted = policy().with_tools(["give-back", "uuid-generator", "datetime-handler"])
    source = spell_of(SPELLS, "seeded", language)
    outcome, data = record(source, language.name, tools=tools(), policy=granted, seed=7)
    assert outcome.ok, outcome.error
    assert seen(replay(data, language.spec(), source=source)) == seen(outcome)
