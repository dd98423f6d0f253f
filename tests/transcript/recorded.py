"""Runs that are recorded in memory and replayed where nothing may be touched, and what is compared of them."""

from __future__ import annotations

from typing import Any, NoReturn

from llmspell import FunctionTool, Limits, Outcome, Policy, ScriptRuntime, ToolGrant, default_policy
from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.transcript import Cassette, TranscriptInMemory

LIMITS = Limits(cpu=20, wall=100, memory=64 << 20)


class Touched(BaseException):
    """Something that a replay may not touch was touched."""


def offline(engine: str | EngineSpec, limits: Limits = LIMITS, **options: Any) -> ScriptRuntime:
    """A runtime whose tools, providers, stdin and modules fail whoever touches them."""

    def touch(*_: object, **__: object) -> NoReturn:
        raise Touched

    tool = FunctionTool(lambda: touch(), name="give-back", description="never called")
    spec = engine if isinstance(engine, EngineSpec) else EngineFactory().get(engine)
    policy = Policy(tools={tool.name: ToolGrant()})
    return ScriptRuntime(spec, tools=[tool], providers=touch, policy=policy, limits=limits, stdin=touch, **options)


def record(source: str, engine: str = "lua", **options: Any) -> tuple[Outcome, bytes]:
    """A run of the default grants, and its transcript."""
    runtime_options = {
        name: options.pop(name) for name in ("tools", "limits", "policy", "stdin", "log") if name in options
    }
    runtime = ScriptRuntime.with_engine(engine, **{"limits": LIMITS, "policy": default_policy(), **runtime_options})
    sink = TranscriptInMemory()
    return runtime.execute(source, record=sink, **options), sink.data


def replay(
    data: bytes, engine: str | EngineSpec = "lua", *, source: str | bytes | None = None, **options: Any
) -> Outcome:
    """The same run again, offline."""
    cassette = Cassette.from_bytes(data)
    if source is None:
        assert cassette.header.source is not None
        source = cassette.header.source
    given = {name: options.pop(name) for name in ("log",) if name in options}
    return offline(engine, options.pop("limits", LIMITS), **given).execute(source, replay=cassette, **options)


def seen(outcome: Outcome) -> dict[str, Any]:
    """What of an outcome is the same in a replay."""
    usage = outcome.usage
    return {
        "verdict": outcome.verdict, "value": outcome.value, "stdout": outcome.stdout, "stderr": outcome.stderr,
        "error": outcome.error, "limit": outcome.limit, "exit_status": outcome.exit_status,
        "evidence": outcome.evidence, "name": outcome.script_name, "cancelled_by": outcome.cancelled_by,
        "calls": [(call.id, call.capability, call.name, call.ok) for call in outcome.calls if call.id > 0],
        "used": (usage.calls, usage.model_calls, usage.prompt_tokens, usage.completion_tokens, usage.cost_usd),
        "output_bytes": usage.output_bytes,
    }  # fmt: skip
