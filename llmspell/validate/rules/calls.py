"""unknown-tool, missing-parameter, unknown-parameter, wrong-type, dynamic-call: what can be read off a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llmspell.capabilities.agent_config import KNOWN as AGENT_KEYS
from llmspell.capabilities.agent_config import PLAIN, read_plain, refuse
from llmspell.capabilities.surface import SURFACE
from llmspell.errors import CallError
from llmspell.tools.check import check_parameters
from llmspell.tools.tool import canonical
from llmspell.validate.facts import Literal, Place, Use
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.rules.case import Case, shown

_UNREAD = object()


class _Offer(NamedTuple):
    """What `check_parameters` takes for a tool."""

    name: str
    schema: Mapping[str, Any]


def _rows() -> dict[tuple[str, str], Mapping[str, Any]]:
    """The functions of the script API by global and name, in all spellings; `a` before a name is its awaited one."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for name, functions in SURFACE["globals"].items():
        for function, row in functions.items():
            for spelling in (function, *row.get("also", ())):
                found[name, spelling] = row
                found.setdefault((name, "a" + spelling), row)
    return found


ROWS = _rows()


def calls(case: Case) -> Iterator[Finding]:
    """All that is wrong with calls of tools and the making of agents."""
    replaced, members = case.replaced()
    for use in case.facts.uses:
        first = (use.name, use.members[0][0]) if use.members else None
        if use.use != "call" or use.name in replaced or first in members:
            continue
        if not use.whole and any(name == use.name for name, _ in ROWS):
            says = f"which function of {use.name} is called cannot be known before it runs"
            yield case.finding("dynamic-call", says, use.place, guarded=True)
            continue
        row = ROWS.get(first) if first is not None and len(use.members) == 1 else None
        if row is None:
            continue
        given = _by_name(use.arguments, row.get("takes", ()))
        if row.get("calls") == "tool.invoke":
            yield from _tool_call(case, use, row, given)
        elif row.get("calls") == "agent.create":
            yield from _agent(case, use, given.get("config"))


def _by_name(arguments: tuple[Literal, ...], takes: Sequence[str]) -> dict[str, Literal]:
    """The arguments by the names of what a function takes, as far as their places are known."""
    given: dict[str, Literal] = {}
    for name, argument in zip(takes, arguments, strict=False):
        if argument.kind == "many":
            given["*"] = argument
            break
        if argument.kind == "keywords":
            break
        given[name] = argument
    words = next((one for one in arguments if one.kind == "keywords"), None)
    if words is not None:
        given |= {key: value for key, _, value in words.entries if key in takes}
        rest = tuple(entry for entry in words.entries if entry[0] not in takes)
        if takes and takes[-1] not in given and (rest or words.open):
            given[takes[-1]] = Literal("map", words.place, entries=rest, open=words.open, cut=words.cut)
        elif words.open:
            given["*"] = words
    return given


def _tool_call(case: Case, use: Use, row: Mapping[str, Any], given: dict[str, Literal]) -> Iterator[Finding]:
    named = given.get("name")
    if named is None or named.kind != "text" or named.value is None:
        if named is not None or "*" in given:
            says = "which tool is called cannot be known before it runs"
            yield case.finding("dynamic-call", says, (named or given["*"]).place, guarded=True)
        return
    name = canonical(named.value)
    schema = case.tools.get(name)
    caught = bool(row.get("caught"))
    if schema is None:
        close = case.nearest(name, sorted(case.tools))
        hint = f"; did you mean {close}?" if close else f"; known are: {', '.join(sorted(case.tools))}"
        severity = Severity.WARNING if caught else Severity.ERROR
        says = f"there is no tool {shown(named.value)}{hint}"
        yield case.finding("unknown-tool", says, named.place, guarded=use.guarded, severity=severity)
        return
    parameters = given.get("parameters")
    if parameters is None and "*" in given:
        return
    yield from _left_out(case, parameters)
    severity = Severity.WARNING if caught else Severity.ERROR
    for rule, says, place in misfits(case, _Offer(name, schema), parameters, named.place):
        yield case.finding(rule, says, place, guarded=use.guarded, severity=severity)


def _left_out(case: Case, literal: Literal | None) -> Iterator[Finding]:
    """What a worker has not told, though it could have been read off, may be what is wrong."""
    if literal is not None and literal.cut:
        says = "it has more entries than are looked at, and what is behind them is not known: make it smaller"
        yield case.finding("not-analysed", says, literal.place, guarded=False)


def misfits(case: Case, tool: _Offer, parameters: Literal | None, at: Place) -> Iterator[tuple[str, str, Place]]:
    """What is wrong with the parameters of a call, as far as they can be read off: rule, message, place."""
    if parameters is None or parameters.kind == "nil":
        parameters = Literal("map", at)
    if parameters.kind in ("text", "number", "boolean", "function") or (parameters.kind == "list" and parameters.items):
        yield "wrong-type", f"{tool.name}: parameters must be a map by name", parameters.place
    if parameters.kind != "map":
        return
    properties = tool.schema.get("properties", {})
    closed = tool.schema.get("additionalProperties") is False and "patternProperties" not in tool.schema
    for key, place, value in parameters.entries:
        if key not in properties:
            if closed:
                close = case.nearest(key, list(properties))
                hint = f"; did you mean {close}?" if close else f"; known are: {', '.join(properties)}"
                yield "unknown-parameter", f"{tool.name}: it takes no {shown(key)}{hint}", place
            continue
        read = _value(value)
        if read is not _UNREAD:
            wrong = _misfit(tool, key, properties[key], read)
            if wrong is not None:
                yield "wrong-type", wrong, value.place
    given = {key for key, _, value in parameters.entries if value.kind != "nil"}
    for name in tool.schema.get("required", ()) if not parameters.open else ():
        if name not in given:
            yield "missing-parameter", f"{tool.name}: parameter {name} is missing", parameters.place


def _misfit(tool: _Offer, key: str, schema: Any, value: Any) -> str | None:
    alone = {"type": "object", "properties": {key: schema}}
    try:
        check_parameters(_Offer(tool.name, alone), {key: value})
    except CallError as error:
        return error.message
    return None


def _value(literal: Literal) -> Any:
    """The value of a literal, or `_UNREAD` where a part of it is not known."""
    if literal.kind == "nil":
        return None
    if literal.kind in ("text", "number", "boolean"):
        return _UNREAD if literal.value is None else literal.value
    if literal.kind == "list" and not literal.open:
        items = [_value(one) for one in literal.items]
        return _UNREAD if any(one is _UNREAD for one in items) else items
    if literal.kind == "map" and not literal.open and literal.entries:
        entries = {key: _value(one) for key, _, one in literal.entries}
        return _UNREAD if any(one is _UNREAD for one in entries.values()) else entries
    return _UNREAD


def _agent(case: Case, use: Use, config: Literal | None) -> Iterator[Finding]:
    yield from _left_out(case, config)
    for key, place, value in config.entries if config is not None and config.kind == "map" else ():
        if key not in AGENT_KEYS:
            yield case.finding("unknown-parameter", _of_agent(case, key), place, guarded=use.guarded)
        elif key in PLAIN and (wrong := _plain_misfit(key, _value(value))) is not None:
            yield case.finding("wrong-type", wrong, value.place, guarded=use.guarded)
        elif key == "tools" and value.kind == "list":
            yield from _left_out(case, value)
            for one in value.items:
                if one.kind == "text" and one.value is not None and canonical(one.value) not in case.tools:
                    close = case.nearest(canonical(one.value), sorted(case.tools))
                    hint = f"; did you mean {close}?" if close else ""
                    says = f"there is no tool {shown(one.value)}{hint}"
                    yield case.finding("unknown-tool", says, one.place, guarded=use.guarded)


def _plain_misfit(key: str, value: Any) -> str | None:
    try:
        if value is not _UNREAD:
            read_plain({key: value}, key)
    except CallError as error:
        return error.message
    return None


def _of_agent(case: Case, key: str) -> str:
    try:
        refuse({key: None}, of="Agent.create")
    except CallError as error:
        return error.message
    close = case.nearest(key, list(AGENT_KEYS))
    hint = f"; did you mean {close}?" if close else f"; known are: {', '.join(AGENT_KEYS)}"
    return f"Agent.create takes no {shown(key)}{hint}"
