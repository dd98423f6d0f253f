"""Every rule tried, and what came of it, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from llmspell.engines.conformance.rule import Broken, NotApplicable, NotStarted, Rule
from llmspell.engines.conformance.rules import RULES, SPELLS
from llmspell.engines.conformance.subject import ANSWER_SECONDS, Subject
from llmspell.engines.factory import EngineSpec
from llmspell.errors import SetupError

SCHEMA = "llmspell.conformance/1"


class Checked(NamedTuple):
    """One rule and its result: `passed`, `failed`, or `skipped` where it does not apply. `why` is for people."""

    rule: Rule
    result: str
    why: str = ""


class Report(NamedTuple):
    """All rules that were tried on one worker."""

    checked: tuple[Checked, ...]

    @property
    def ok(self) -> bool:
        """Whether every mandatory rule was passed."""
        return all(one.result == "passed" for one in self.checked if one.rule.mandatory)

    def to_dict(self) -> dict[str, Any]:
        """The document that machines read."""
        rules = [
            {"id": one.rule.id, "mandatory": one.rule.mandatory, "result": one.result, "says": one.rule.says,
             "why": one.why or None}
            for one in self.checked
        ]  # fmt: skip
        return {"schema": SCHEMA, "ok": self.ok, "rules": rules}


def check(
    spec: EngineSpec,
    *,
    memory: int,
    spells: Mapping[str, bytes],
    rules: Iterable[Rule] = RULES,
    patience: float = ANSWER_SECONDS,
) -> Iterable[Checked]:
    """Tries every rule on the worker of an engine, one after another, and gives each result as it is there.

    `spells` are the sources of `SPELLS` in its language; `patience` is how long it may be silent, in seconds.
    Raises SetupError if it does not start.
    """
    subject = Subject(spec, memory=memory, spells=spells, patience=patience)
    try:
        with subject.started():
            pass
    except NotStarted as error:
        raise SetupError(f"the worker cannot be tried: {error}") from None
    except Broken as error:  # no rule can be tried, and each would wait for its Hello again
        yield from (Checked(rule, "failed", f"before its Hello: {error}") for rule in rules)
        return
    for rule in rules:
        yield _tried(rule, subject)


def _tried(rule: Rule, subject: Subject) -> Checked:
    if rule.spell is not None and rule.spell not in subject.spells:
        result = "failed" if rule.mandatory else "skipped"
        return Checked(rule, result, f"there is no spell {rule.spell}, which {SPELLS[rule.spell]}")
    try:
        rule.check(subject)
    except NotApplicable as error:
        return Checked(rule, "skipped", str(error))
    except (Broken, SetupError) as error:
        return Checked(rule, "failed", str(error))
    return Checked(rule, "passed")
