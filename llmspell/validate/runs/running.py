"""The run of a script in a check: replayed from its cassette, or with what needs nobody else.

The rule kept here: nothing is asked over a network, nothing is read but what travelled with the script, and every run
is deterministic, so that the same script gives the same answer everywhere.
"""

from __future__ import annotations

import io
from typing import NamedTuple

from llmspell.engines.factory import EngineSpec
from llmspell.outcome import Outcome
from llmspell.policy import PURE_TOOLS, Policy
from llmspell.runtime import ScriptRuntime
from llmspell.sandbox.wake import Cancellation
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.runs.compare import differences
from llmspell.validate.runs.expectation import BadExpectationError, Expectation, read_expectation
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

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
    """Runs a script, and compares. Raises SetupError."""
    name = spell.path.rpartition("/")[2]
    try:
        expected = (
            Expectation()
            if spell.expectation is None
            else read_expectation(spell.expectation, spell.expectation_path or "the expectation")
        )
    except BadExpectationError as error:
        place = None if error.line is None else Position(error.line, 1, error.line, 2)
        return Ran((Finding("bad-expectation", Severity.ERROR, str(error), place, spell.expectation_path),))
    stdin = io.BytesIO(expected.stdin.encode())
    with ScriptRuntime(
        spec, policy=_policy(settings), limits=settings.limits, require=settings.require, stdin=stdin.read
    ) as runtime:
        outcome = runtime.execute(
            spell.source,
            name=name,
            arguments=expected.arguments,
            folder=spell.modules,
            cancellation=cancellation,
            seed=_seed(expected, spec),
        )
    return Ran(tuple(differences(expected, outcome)), outcome)


def _policy(settings: Settings) -> Policy:
    return Policy(modules=True, models=MODELS, config=settings.config).with_tools(PURE_TOOLS)


def _seed(expected: Expectation, spec: EngineSpec) -> int | None:
    """A worker by somebody else may not be able to run under one: it is asked to only where that is wanted."""
    return SEED if expected.seed is None and not spec.command else expected.seed
