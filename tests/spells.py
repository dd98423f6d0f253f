"""How the tests of an engine run a spell: in a worker process of its own, with tools that are Python functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmspell import EngineFactory, FunctionTool, Limits, Outcome, Policy, ScriptRuntime, Verdict, default_policy
from tests.covered.counting import counted

LIMITS = Limits(cpu=20, wall=100)


class Spells:
    """Runs spells of one engine, each under the name `name`."""

    def __init__(self, engine: str, name: str) -> None:
        self._engine, self._name = engine, name

    def runtime(
        self,
        *functions: Callable[..., Any],
        waits: bool = False,
        limits: Limits = LIMITS,
        policy: Policy | None = None,
        **options: Any,
    ) -> ScriptRuntime:
        """A runtime with functions as granted tools; `waits`: they are called on threads."""
        tools = [FunctionTool(function, blocking=waits) for function in functions]
        granted = (policy or default_policy()).with_tools([tool.name for tool in tools])
        engine, limits = counted(EngineFactory().get(self._engine), limits)
        return ScriptRuntime(engine, tools=tools, limits=limits, policy=granted, **options)

    def spell(
        self,
        source: str | bytes,
        *functions: Callable[..., Any],
        arguments: tuple[str, ...] = (),
        folder: Path | None = None,
        **options: Any,
    ) -> Outcome:
        """Runs one source to its end."""
        place = str(folder) if folder is not None else None
        return self.runtime(*functions, **options).execute(source, name=self._name, arguments=arguments, folder=place)

    def value(self, source: str | bytes, *functions: Callable[..., Any], **options: Any) -> Any:
        """What a source returns; it must end well."""
        outcome = self.spell(source, *functions, **options)
        assert outcome.verdict is Verdict.OK, outcome.error
        return outcome.value

    def error(self, source: str | bytes, *functions: Callable[..., Any], **options: Any) -> tuple[str, str, int | None]:
        """Kind, message and line of the error that a source ends with; it must end with verdict `error`."""
        outcome = self.spell(source, *functions, **options)
        assert outcome.verdict is Verdict.ERROR, (outcome.verdict, outcome.value, outcome.error)
        assert outcome.error is not None
        return outcome.error.kind, outcome.error.message, outcome.error.line


def files(folder: Path, sources: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder, and gives the folder."""
    for name, source in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return folder
