"""One script, checked: its text, its syntax, what it calls, and what its run gives.

Theory of operation. A script is hostile, and so is everything beside it: it is parsed in a confined worker, which is
never given another one. The host looks at its bytes, by means that take time in proportion to them, and at what the
worker says of it, which it believes as little as the script.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

from llmspell.engines.checking import checking
from llmspell.engines.factory import EngineSpec
from llmspell.engines.worker import check_memory
from llmspell.errors import LlmspellError
from llmspell.limits import MIB, Limits
from llmspell.outcome import Outcome, Verdict
from llmspell.policy import Policy
from llmspell.runtime import ScriptRuntime
from llmspell.sandbox.wake import Cancellation
from llmspell.source import sha256
from llmspell.tools.catalog import builtin_tools
from llmspell.validate.facts import Facts, Lines, MalformedError, read_facts
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.judged import about_facts, about_text, foremost, kept
from llmspell.validate.names import EngineNames
from llmspell.validate.result import Result, Status, TimedCall
from llmspell.validate.rules.case import MAX_HINTS, Case
from llmspell.validate.rules.off import Off
from llmspell.validate.rules.secrets import masked
from llmspell.validate.runs.running import Ran, is_run, run
from llmspell.validate.settings import Settings, check_rules
from llmspell.validate.spell import Spell

CHECK_LIMITS = Limits(memory=128 * MIB, cpu=10, wall=60, output=MIB, calls=10)
"""Of the worker that reads a script: a tree of its source is many times the size of it."""
_UNFIT = frozenset(("syntax", "binary", "empty", "bidi-control"))
"""Findings with which a script is not run."""
SHOWN_CALLS = 1000
"""Calls of a run on the timeline."""
SHOWN_SOURCE = 256 * 1024
"""Bytes of a source that a report may show."""


class Checker:
    """Checks scripts, one at a time and from any thread. A context manager; leaving it ends what it started.

    `cancellation` ends what runs; what comes of a check that it has ended says nothing about the script.
    """

    def __init__(self, settings: Settings, *, cancellation: Cancellation | None = None) -> None:
        """Raises UsageError for settings that nobody can check by."""
        check_settings(settings)
        self._settings, self._cancellation = settings, cancellation
        self._factory = settings.factory()
        self._tools: Mapping[str, Mapping[str, Any]] = {name: tool.schema for name, tool in builtin_tools().items()}
        self._lock = threading.Lock()
        self._readers: dict[str, ScriptRuntime] = {}
        self._names: dict[str, EngineNames] = {}
        self._parses: dict[str, bool] = {}

    def check(self, spell: Spell) -> Result:
        """What there is to say about a script. Raises nothing for what it is or does."""
        begun = time.perf_counter()
        ran: Ran | None = None
        try:
            here = Off(spell.source)
            found = kept(self._findings(spell, here), here, self._settings.off)
            status = self._status(found)
            if self._settings.runs and is_run(spell) and not any(one.rule in _UNFIT for one in found):
                ran = run(spell, self._factory.get(spell.engine), self._settings, self._cancellation)
                found = kept([*found, *ran.findings], here, self._settings.off)
                status = self._status(found)
        except LlmspellError as error:  # no worker can be had for it
            found = [Finding("not-checked", Severity.ERROR, str(error))]
            status = Status.UNCHECKED
        return Result(
            spell.path,
            status,
            engine=spell.engine,
            sha256=sha256(spell.source),
            findings=tuple(foremost(found)),
            seconds=time.perf_counter() - begun,
            source=_shown(spell.source) if len(spell.source) <= SHOWN_SOURCE else None,
            **_told(ran, self._settings.limits),
        )

    def close(self) -> None:
        """Ends what it started."""
        for names in self._names.values():
            names.close()
        for runtime in self._readers.values():
            runtime.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _status(self, found: list[Finding]) -> Status:
        bad = {Severity.ERROR, Severity.WARNING} if self._settings.strict else {Severity.ERROR}
        return Status.FAILED if any(one.severity in bad for one in found) else Status.PASSED

    def _findings(self, spell: Spell, off: Off) -> Iterator[Finding]:
        yield from spell.findings
        text = list(about_text(spell.source, off))
        yield from text
        if any(one.rule in ("binary", "empty") for one in text):
            return  # an empty one is a module, or not yet anything
        spec = self._factory.get(spell.engine)
        if not self._can_parse(spec):
            says = f"engine {spec.name} does not say that it can parse a script without running it"
            yield Finding("not-analysed", Severity.WARNING, says)
            return
        outcome = self._read(spell, checking(spec) or spec)
        if outcome.verdict in (Verdict.LIMIT, Verdict.CRASH, Verdict.DENIED):
            yield Finding("not-analysed", Severity.ERROR, f"it could not be read: {_why(outcome)}")
            outcome = self._read(spell, spec)  # the engine's parser takes less memory
        yield from _syntax(outcome)
        if outcome.verdict is Verdict.OK and isinstance(outcome.value, dict):
            yield from self._judged(spell, spec, outcome.value, off)

    def _judged(self, spell: Spell, spec: EngineSpec, told: object, off: Off) -> Iterator[Finding]:
        try:
            facts: Facts = read_facts(told)
        except MalformedError as error:
            yield Finding("not-analysed", Severity.ERROR, f"the worker that read it told {error}")
            return
        if facts.more:
            says = "it uses more than is looked at, and what is behind that is not known: split it"
            yield Finding("not-analysed", Severity.ERROR, says)
        lines, hints = Lines(spell.source), iter(range(1, MAX_HINTS + 1))
        yield from about_facts(
            Case(spell, facts, lines, self._names_of(spec), self._tools, self._settings.packages, hints, off)
        )

    def _read(self, spell: Spell, spec: EngineSpec) -> Outcome:
        name = spell.path.rpartition("/")[2]
        return self._reader(spec).execute(spell.source, name=name, mode="check", cancellation=self._cancellation)

    def _can_parse(self, spec: EngineSpec) -> bool:
        """Whether its worker says so; that of a built-in engine does. Raises SetupError."""
        if not spec.command:
            return True
        runtime = self._reader(spec)
        with self._lock:
            if spec.name not in self._parses:
                self._parses[spec.name] = runtime.capabilities().check
            return self._parses[spec.name]

    def _reader(self, spec: EngineSpec) -> ScriptRuntime:
        with self._lock:
            if spec.name not in self._readers:
                self._readers[spec.name] = ScriptRuntime(
                    spec, limits=CHECK_LIMITS, require=self._settings.require, policy=Policy()
                )
            return self._readers[spec.name]

    def _names_of(self, spec: EngineSpec) -> EngineNames:
        runtime = self._reader(spec)
        with self._lock:
            if spec.name not in self._names:
                self._names[spec.name] = EngineNames(runtime, require=self._settings.require)
            return self._names[spec.name]


def _shown(source: bytes) -> str:
    """The text that reports may show: without its secrets."""
    text = masked(source.decode("utf-8", "surrogateescape"))
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _told(ran: Ran | None, limits: Limits) -> dict[str, Any]:
    """What a result says of a run."""
    if ran is None or ran.outcome is None:
        return {}
    made = ran.outcome.calls[:SHOWN_CALLS]
    calls = tuple(
        TimedCall(one.capability, one.name, one.ok, one.begun_seconds, one.wall_seconds, one.agent) for one in made
    )
    return {"outcome": ran.outcome.to_dict(pass_on=False), "calls": calls, "limits": limits._asdict()}


def check_settings(settings: Settings) -> None:
    """Raises UsageError for settings that nobody can check by: rules that there are not, and a memory limit in which no
    engine starts; where one does, it depends on the script.
    """
    check_rules(settings.off)
    if not settings.runs:
        return
    factory, memory = settings.factory(), settings.limits.memory
    least = min((factory.get(name) for name in factory.names()), key=lambda spec: spec.least_memory)
    if memory < least.least_memory:
        check_memory(least, memory)


def _why(outcome: Outcome) -> str:
    if outcome.limit is not None:
        return f"reading it went over the {outcome.limit.name} limit"
    return outcome.error.message if outcome.error is not None else outcome.verdict.value


def _syntax(outcome: Outcome) -> Iterator[Finding]:
    error = outcome.error
    if outcome.verdict is Verdict.OK or error is None:
        return
    if outcome.verdict is not Verdict.ERROR:
        yield Finding("syntax", Severity.ERROR, f"its engine could not parse it: {_why(outcome)}")
        return
    place = None
    if error.line is not None:
        column = error.column or 1
        place = Position(error.line, column, error.line, column + 1)
    yield Finding("syntax", Severity.ERROR, error.message, place)
