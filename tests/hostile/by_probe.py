"""Runs a case that is a list of system calls: in the probe, an engine armed like the real ones (`tests/probe`)."""

from __future__ import annotations

import platform
import tomllib

from llmspell import Policy, ScriptRuntime, Verdict
from tests.hostile.cases import Case
from tests.probe import Answer, Call, probe, probe_spec, source_of
from tests.probe.numbers_by_name import numbers_of

REFUSALS = {"EPERM", "ENOSYS"}
"""What the filter answers; anything else would have come from behind it."""


def faults(case: Case, *, as_user: bool) -> list[Answer]:
    """The answers that are not those wanted: refused calls that were let through, allowed ones that were not.

    As an ordinary user the probe is asked alone: a host of root wants to see what only root can give up.
    """
    wanted = tomllib.loads(case.source.decode())
    refused, allowed = _there(wanted["refused"]), _there(wanted.get("allowed", []))
    if as_user:
        answers = probe([*refused, *allowed], "user")
    else:
        runtime = ScriptRuntime(probe_spec(), policy=Policy(), require=("memory", "files", "network", "processes"))
        outcome = runtime.execute(source_of([*refused, *allowed]))
        assert outcome.verdict is Verdict.OK, outcome
        answers = [Answer(*row) for row in outcome.value]
    assert len(answers) == len(refused) + len(allowed)
    through = [one for one in answers[: len(refused)] if one.result != -1 or one.errno not in REFUSALS]
    return through + [one for one in answers[len(refused) :] if one.result == -1]


def _there(calls: list[Call]) -> list[Call]:
    """Those that this machine has: aarch64 has no `open`, and no x32. An unknown name is an error on x86-64."""
    if platform.machine() == "x86_64":
        return calls
    known = numbers_of(platform.machine())
    return [call for call in calls if call[0] in known or str(call[0]).startswith("#")]
