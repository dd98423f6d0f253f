"""unknown-name, unknown-function: what neither the script defines nor the engine has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmspell.capabilities.surface import SURFACE
from llmspell.validate.facts import Use
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.names import API
from llmspell.validate.rules.calls import ROWS
from llmspell.validate.rules.case import Case, shown

_WORD = re.compile(r"\w+")
_NEAR = 200
"""Names of the script's own among which the nearest one is looked for: looking takes time by their number."""
METHODS = {
    name: frozenset(
        first + spelling
        for method, row in made["methods"].items()
        for spelling in (method, *row.get("also", ()))
        for first in ("", "a")  # the awaited ones, in a language that has both
    )
    for name, made in SURFACE["objects"].items()
}
"""By class of the script API's objects."""


def unknown_names(case: Case) -> Iterator[Finding]:
    """One finding for each name, of its worst use: where it is used first in that way."""
    known = case.names.all
    if not known:
        return
    tested = {use.name for use in case.facts.uses if use.is_test}
    given = tested | case.facts.assigned
    near = sorted(known) + sorted(case.facts.assigned | case.facts.defined)[:_NEAR]
    told: set[str] = set()
    in_modules: set[str] | None = None
    for use in sorted(case.facts.uses, key=lambda use: (use.guarded, use.use == "read")):
        if use.name in told or use.is_test or use.name in given or case.is_off("unknown-name", use.place):
            continue
        if use.name in case.names.missing:
            if use.use in ("call", "index", "test"):
                told.add(use.name)
                says = f"{use.name} is not part of this version of llmspell"
                yield case.finding("unknown-name", says, use.place, guarded=use.guarded)
        elif use.name not in known and not case.facts.open:
            told.add(use.name)
            in_modules = _said_by_modules(case) if in_modules is None else in_modules
            if use.name not in in_modules:
                yield _unknown(case, use, near)


def _unknown(case: Case, use: Use, known: list[str]) -> Finding:
    close = case.nearest(use.name, [name for name in known if name != use.name])  # it may be there in another scope
    hint = f"; did you mean {close}?" if close else ""
    nothing = case.facts.lenient and use.use == "read"
    says = f"{shown(use.name)} is defined neither by the script nor by the engine{hint}"
    severity = Severity.WARNING if nothing else Severity.ERROR
    return case.finding("unknown-name", says, use.place, guarded=use.guarded, severity=severity)


def _said_by_modules(case: Case) -> set[str]:
    """The words of the modules: a module may make globals, and modules of a cap may have been left out."""
    return {word for text in case.spell.modules.values() for word in _WORD.findall(text.decode("utf-8", "replace"))}


def unknown_methods(case: Case) -> Iterator[Finding]:
    """Methods that what the script API gave does not have."""
    common = case.names.members("Agent") & case.names.members("Tool") & case.names.members("Log")
    if not case.names.all:
        return
    for function, use in case.facts.methods:
        row = ROWS.get((function[0], function[1])) if len(function) == 2 else None
        methods = METHODS.get(row.get("gives", "")) if row is not None and not row.get("many") else None
        if methods is None or len(use.members) != 1 or not use.whole:
            continue
        name, place = use.members[0]
        if name not in methods | common:
            close = case.nearest(name, sorted(methods))
            hint = f"; did you mean {close}?" if close else ""
            says = f"what {'.'.join(function)} gives has no {shown(name)}{hint}"
            yield case.finding("unknown-function", says, place, guarded=use.guarded)


def unknown_functions(case: Case) -> Iterator[Finding]:
    """Members that a global does not have: of the script API all, of the engine's those that are called."""
    replaced, made = case.replaced()
    tested = {(use.name, use.members[0][0]) for use in case.facts.uses if use.use == "test" and len(use.members) == 1}
    told: set[tuple[str, str]] = set()
    for use in sorted(case.facts.uses, key=lambda use: (use.guarded, use.use != "call" or len(use.members) != 1)):
        if not use.members or use.use not in ("call", "index") or use.name in replaced | case.names.missing:
            continue
        member, place = use.members[0]
        called = use.use == "call" and len(use.members) == 1
        known = case.names.members(use.name)
        if not known or member in known or (use.name, member) in made | tested | told:
            continue
        if (not called and use.name not in API) or case.is_off("unknown-function", place):
            continue
        told.add((use.name, member))
        close = case.nearest(member, sorted(name for name in known if not name.startswith("__")))
        hint = f"; did you mean {use.name}.{close}?" if close else ""
        severity = Severity.ERROR if called else Severity.WARNING
        says = f"{use.name} has no {shown(member)}{hint}"
        yield case.finding("unknown-function", says, place, guarded=use.guarded, severity=severity)
