"""What this machine really enforces: a worker of each engine is started, and looked at from outside.

The rule kept here: nothing is concluded from a version or a setting. A protection is active because a worker that was
started just now has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from llmspell.engines.factory import EngineSpec
from llmspell.engines.worker import WorkerBridge
from llmspell.errors import SetupError
from llmspell.limits import Limits
from llmspell.sandbox.machine import Fact, facts
from llmspell.sandbox.require import DEFAULT, PROTECTIONS, Claims, Gap, Protection

SCHEMA = "llmspell.doctor/1"
WORD_ONLY = "the kernel shows nothing of Landlock: that is the worker's word"
_START_REMEDY = "llmspell engines list shows what starts it"


class Examined(NamedTuple):
    """One engine. `version` is None where its worker did not come up; `claims` are the worker's own words.

    `namespaces` is what came of asking a worker to enter some: a layer that is used where it is required.
    """

    engine: str
    version: str | None
    protections: tuple[Protection, ...]
    claims: Claims = Claims()
    namespaces: Protection = Protection("namespaces", None)

    @property
    def ok(self) -> bool:
        """Whether it has all that `sandbox` requires."""
        return all(one.active for one in self.protections if one.name in DEFAULT)

    def other_gaps(self) -> dict[str, str]:
        """The steps that are missing and that no protection depends on, each with its reason."""
        named = {gap.step for one in self.protections for gap in one.gaps}
        return {step: why for step, why in self.claims.missing.items() if step not in named}


class Diagnosis(NamedTuple):
    """All engines that were tried, and the machine."""

    engines: tuple[Examined, ...]
    machine: tuple[Fact, ...]

    @property
    def ok(self) -> bool:
        """Whether `sandbox` runs scripts of every engine that was tried."""
        return all(one.ok for one in self.engines)

    def to_dict(self) -> dict[str, Any]:
        """The document that machines read."""
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "required": list(DEFAULT),
            "engines": [
                {
                    "name": one.engine,
                    "version": one.version,
                    "ok": one.ok,
                    "protections": [_protection(each) for each in one.protections],
                    "steps": {"armed": sorted(one.claims.armed), "missing": dict(one.claims.missing)},
                    "landlock_abi": one.claims.landlock_abi,
                    "layers": [_protection(one.namespaces)],
                }
                for one in self.engines
            ],
            "machine": {fact.name: {"value": fact.value, "says": fact.says} for fact in self.machine},
        }


def diagnose(engines: Iterable[EngineSpec]) -> Diagnosis:
    """Tries the engines one after another; raises nothing for one that does not come up."""
    return Diagnosis(tuple(map(examine, engines)), tuple(facts()))


def _limits(spec: EngineSpec) -> Limits:
    return Limits(memory=max(Limits().memory, spec.least_memory))


def _try_namespaces(spec: EngineSpec) -> Protection:
    """Whether a worker of an engine can be had in namespaces of its own, looked at like any other."""
    bridge = WorkerBridge(spec, _limits(spec), require=("namespaces",))
    try:
        with bridge:
            pass
    except SetupError as error:
        if not bridge.protections:
            return Protection("namespaces", None, (Gap("start", str(error), _START_REMEDY),))
    return bridge.protections[-1]


def examine(spec: EngineSpec) -> Examined:
    """Starts a worker of an engine, looks at it, and ends it; and another one that enters namespaces."""
    try:
        bridge = WorkerBridge(spec, _limits(spec), require=())
        with bridge:
            return Examined(spec.name, bridge.version, bridge.protections, bridge.claims, _try_namespaces(spec))
    except SetupError as error:
        why = Gap("start", str(error), _START_REMEDY)
        protections = tuple(Protection(name, None, (why,)) for name in PROTECTIONS)
    return Examined(spec.name, None, protections)


def remark(protection: Protection) -> str:
    """What there is to say of a protection in a line: why it is missing and what to do, or what to know of it."""
    if not protection.active:
        remedies = dict.fromkeys(gap.remedy for gap in protection.gaps)
        return f"{'; '.join(gap.why for gap in protection.gaps)}. To do: {'; '.join(remedies)}"
    parts = [f"warning: no second layer: {gap.why}. To do: {gap.remedy}" for gap in protection.gaps]
    if protection.note is not None:
        parts.append(f"warning: {protection.note}")
    if not protection.gaps and "landlock" in (protection.mechanism or ""):
        parts.append(WORD_ONLY)
    return "; ".join(parts)


def _protection(one: Protection) -> dict[str, Any]:
    gaps = [{"step": gap.step, "why": gap.why, "remedy": gap.remedy} for gap in one.gaps]
    return {
        "name": one.name,
        "active": one.active,
        "mechanism": one.mechanism,
        "missing": [] if one.active else gaps,
        "warnings": gaps if one.active else [],
        "note": one.note,
    }
