"""How these tests run a spell: in a worker process of its own, with tools that are Python functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

from llmspell import EngineFactory, FunctionTool, Limits, Outcome, ScriptRuntime, Verdict, default_policy
from tests.covered.counting import counted

LIMITS = Limits(cpu=10, wall=30)


def spell(
    source: str | bytes,
    *functions: Callable[..., Any],
    arguments: tuple[str, ...] = (),
    folder: Path | None = None,
    waits: bool = False,
    limits: Limits = LIMITS,
    **options: Any,
) -> Outcome:
    """Runs one source, named spell.py, to its end; functions are granted tools, `waits`: called on threads."""
    tools = [FunctionTool(function, blocking=waits) for function in functions]
    granted = default_policy().with_tools([tool.name for tool in tools])
    engine, limits = counted(EngineFactory().get("python"), limits)
    runtime = ScriptRuntime(engine, tools=tools, limits=limits, policy=granted, **options)
    place = str(folder) if folder is not None else None
    text = dedent(source) if isinstance(source, str) else source
    return runtime.execute(text, name="spell.py", arguments=arguments, folder=place)


def value(source: str | bytes, *functions: Callable[..., Any], **options: Any) -> Any:
    """What a source gives; it must end well."""
    outcome = spell(source, *functions, **options)
    assert outcome.verdict is Verdict.OK, outcome.error
    return outcome.value


def error(source: str | bytes, *functions: Callable[..., Any], **options: Any) -> tuple[str, str, int | None]:
    """Kind, message and line of the error that a source ends with; it must end with verdict `error`."""
    outcome = spell(source, *functions, **options)
    assert outcome.verdict is Verdict.ERROR, (outcome.verdict, outcome.value, outcome.error)
    assert outcome.error is not None
    return outcome.error.kind, outcome.error.message, outcome.error.line
