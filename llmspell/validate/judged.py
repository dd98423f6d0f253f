"""From the facts of a script to findings: every rule in turn, and what the script itself switches off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from llmspell.validate.finding import Finding, Severity
from llmspell.validate.rules.calls import calls
from llmspell.validate.rules.case import Case
from llmspell.validate.rules.confusable import confusable_names
from llmspell.validate.rules.modules import unknown_modules
from llmspell.validate.rules.names import unknown_functions, unknown_methods, unknown_names
from llmspell.validate.rules.off import Off
from llmspell.validate.rules.secrets import secrets
from llmspell.validate.rules.text import about_bytes, about_characters

MAX_FINDINGS = 200
"""Of one script: more say nothing new."""
_WORST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def about_text(source: bytes, off: Off) -> Iterator[Finding]:
    """What its bytes and its letters say, whatever language it is in."""
    text = source.decode("utf-8", "replace")
    told = list(about_bytes(source, off))
    yield from told
    if not any(one.rule == "binary" for one in told):
        yield from about_characters(text, off)
    yield from secrets(text, off)


def about_facts(case: Case) -> Iterator[Finding]:
    """What its names and its calls say."""
    for rule in (unknown_names, unknown_functions, unknown_methods, calls, unknown_modules, confusable_names):
        yield from rule(case)


def kept(found: Iterable[Finding], here: Off, off: Collection[str]) -> list[Finding]:
    """The findings that count, each once: without rules that are `off` by settings, or `here`, by the script: of
    itself, and of no file beside it.

    Of each severity there are `MAX_FINDINGS` at most, so that none is hidden by others; `foremost` are to be shown.
    """
    chosen: dict[Severity, dict[Finding, None]] = {severity: {} for severity in _WORST}
    for one in found:
        place = None if one.file is not None else one.position
        if one.rule in off or (place is not None and here.has(one.rule, place.line)):
            continue
        if len(chosen[one.severity]) < MAX_FINDINGS:
            chosen[one.severity][one] = None
    return [one for severity in _WORST for one in chosen[severity]]


def foremost(found: Iterable[Finding]) -> list[Finding]:
    """The worst `MAX_FINDINGS` of them, in the order in which they are shown."""
    return sorted(sorted(found, key=_badness)[:MAX_FINDINGS], key=_order)


def _badness(one: Finding) -> tuple[int, tuple[str, int, int, str]]:
    return _WORST.index(one.severity), _order(one)


def _order(one: Finding) -> tuple[str, int, int, str]:
    place = one.position
    return (one.file or "", place.line if place else 0, place.column if place else 0, one.rule)
