"""Determinism: what a spell sees of chance, time and order hangs on the seed alone; see README.md."""

from __future__ import annotations

import pytest

from llmspell import Limits, Outcome, ScriptRuntime, UsageError
from tests.covered.counting import counted
from tests.engines.api.languages import SPELLS, Language, every_language, spell_of
from tests.engines.api.test_cases import policy, tools


def run(language: Language, *, seed: int | None) -> Outcome:
    granted = policy().with_tools(["give-back", "uuid-generator", "datetime-handler"])
    engine, limits = counted(language.spec(), Limits(cpu=20, wall=100, memory=64 << 20))
    runtime = ScriptRuntime(engine, tools=tools(), policy=granted, limits=limits)
    outcome = runtime.execute(spell_of(SPELLS, "seeded", language), seed=seed)
    assert outcome.verdict.value == "ok", outcome.error
    return outcome


@every_language
def test_the_same_seed_gives_the_same_bytes_and_another_one_other_random_numbers(language: Language) -> None:
    first, second, other = run(language, seed=7), run(language, seed=7), run(language, seed=2**63 - 1)
    assert first.stdout == second.stdout
    assert list(first.value) == list(second.value)
    chance, rest = first.stdout.split(b"\n", 1)
    other_chance, other_rest = other.stdout.split(b"\n", 1)
    assert not set(chance.split()) & set(other_chance.split())
    assert rest == other_rest
    assert b"\ncalled, called too, first, last\n" in rest


@every_language
def test_an_engine_says_that_it_runs_under_a_seed(language: Language) -> None:
    assert ScriptRuntime(language.spec(), limits=Limits(memory=64 << 20)).capabilities().seed


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, "7"], ids=repr)
def test_what_is_no_seed_is_refused(seed: int) -> None:
    with pytest.raises(UsageError, match="is no seed: it is a whole number from 0 to 9223372036854775807"):
        ScriptRuntime.with_lua().execute("return 1", seed=seed)
