"""The run of a script in a check: replayed from its cassette, or with what needs nobody else.

The rule kept here: nothing is asked over a network, nothing is read but what travelled with the script, and every run
is deterministic, so that the same script gives the same answer everywhere.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from llmspell.engines.factory import EngineSpec
from llmspell.outcome import Outcome
from llmspell.policy import PURE_TOOLS, Policy
from llmspell.runtime import ScriptRuntime
from llmspell.sandbox.wake import Cancellation
from llmspell.transcript.form import TranscriptError
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.runs.cassettes import is_of, open_cassette, recorded_verdict, stale_modules
from llmspell.validate.runs.compare import differences
from llmspell.validate.runs.expectation import BadExpectationError, Expectation, read_expectation
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

if TYPE_CHECKING:
    from llmspell.capabilities.scripting import Reader
    from llmspell.transcript.cassette import Cassette

STRICT, LOOSE = "strict", "loose"
"""How a record answers: in its order and to no other calls, or by what is asked."""
SEED = 0
"""Of runs whose expectation names none."""
MODELS = ("echo/*",)


class Ran(NamedTuple):
    """A run that was held against what was expected; `outcome` is None where there was none."""

    findings: tuple[Finding, ...]
    outcome: Outcome | None = None


def is_run(spell: Spell) -> bool:
    """Whether something beside a script asks for a run."""
    return spell.cassette is not None or spell.expectation is not None


def run(spell: Spell, spec: EngineSpec, settings: Settings, cancellation: Cancellation | None) -> Ran:
    """Runs a script, and compares. Raises SetupError, and UsageError for settings that its engine cannot take."""
    found: list[Finding] = []
    try:
        expected = expected_of(spell)
        cassette = None
        if spell.cassette is not None:
            cassette = open_cassette(spell.cassette)
            expected = expected._replace(verdict=expected.verdict or recorded_verdict(cassette))
            found = [
                _bad_cassette(spell, f"module {name} is not the one that was recorded: record it again")
                for name in stale_modules(cassette, spell.modules)
            ]
            if not is_of(cassette, spell.source):
                says = "the script has changed since it was recorded: its calls are answered by what they ask"
                found.append(Finding("changed-since", Severity.NOTE, says))
            elif cassette.is_masked:
                says = "output and value are not compared: a key was masked in the record"
                found.append(Finding("bad-cassette", Severity.WARNING, says, None, spell.cassette_path))
        outcome = _outcome(spell, spec, settings, cancellation, expected, cassette)
    except BadExpectationError as error:
        place = None if error.line is None else Position(error.line, 1, error.line, 2)
        return Ran((Finding("bad-expectation", Severity.ERROR, str(error), place, spell.expectation_path),))
    except TranscriptError as error:  # a cassette that is none, or of another script
        return Ran((_bad_cassette(spell, str(error)),))
    return Ran((*found, *differences(expected, outcome)), outcome)


def expected_of(spell: Spell) -> Expectation:
    """What is expected of a script by the file beside it. Raises BadExpectationError."""
    if spell.expectation is None:
        return Expectation()
    return read_expectation(spell.expectation, spell.expectation_path or "the expectation")


def given_input(expected: Expectation) -> Reader:
    """The stdin of a run."""
    return io.BytesIO(expected.stdin.encode()).read


def _outcome(
    spell: Spell,
    spec: EngineSpec,
    settings: Settings,
    cancellation: Cancellation | None,
    expected: Expectation,
    cassette: Cassette | None,
) -> Outcome:
    """The run, with what was expected of it as far as that is what it is given."""
    with ScriptRuntime(
        spec,
        policy=_policy(settings, spec),
        limits=settings.limits,
        require=settings.require,
        stdin=given_input(expected),
    ) as runtime:
        return runtime.execute(
            spell.source,
            name=spell.path.rpartition("/")[2],
            arguments=expected.arguments,
            folder=spell.modules,
            cancellation=cancellation,
            seed=_seed(expected, spec) if cassette is None else None,
            replay=cassette,
            replay_mode=STRICT if cassette is None or is_of(cassette, spell.source) else LOOSE,
        )


def _bad_cassette(spell: Spell, says: str) -> Finding:
    return Finding("bad-cassette", Severity.ERROR, says, None, spell.cassette_path)


def _policy(settings: Settings, spec: EngineSpec) -> Policy:
    packages = () if spec.extensions is None else settings.packages  # settings are for scripts of all languages
    tools = {name: grant for name, grant in settings.tools.items() if name in PURE_TOOLS}
    return Policy(tools=tools, modules=settings.modules, models=MODELS, config=settings.config, packages=packages)


def _seed(expected: Expectation, spec: EngineSpec) -> int | None:
    """A worker by somebody else may not be able to run under one: it is asked to only where that is wanted."""
    return SEED if expected.seed is None and not spec.command else expected.seed
