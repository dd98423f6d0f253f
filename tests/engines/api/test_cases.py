"""Cases of behaviour: a spell for each language, and how its run must end, as data beside it; see README.md."""

from __future__ import annotations

import threading
import tomllib
from typing import Any

import pytest

from llmspell import FunctionTool, Limits, Policy, ScriptRuntime, ToolGrant, default_policy
from llmspell.outcome import Outcome
from tests.covered.counting import counted
from tests.engines.api.languages import CASES, Language, every_language, spell_of

NAMES = sorted(str(path.relative_to(CASES).with_suffix("")) for path in CASES.rglob("*.toml"))
KEYS = {"says", "arguments", "stdin", "folder", "limits", "seed", "expect", "differs"}
ENDS = {
    "verdict", "value", "stdout", "stderr", "exit_status", "line", "kind", "message", "limit", "calls", "output_bytes",
}  # fmt: skip


def tools() -> list[FunctionTool]:
    """The tools of a case: `give_back`, `break_down`, `meet`, `bounded`, and `secret`, which is not granted."""
    barriers: dict[int, threading.Barrier] = {}
    lock = threading.Lock()

    def give_back(value: Any = None) -> Any:
        return value

    def break_down(message: str = "broken") -> Any:
        raise ValueError(message)

    def meet(parties: int) -> int:
        with lock:
            barrier = barriers.setdefault(parties, threading.Barrier(parties, timeout=60))
        return parties if barrier.wait() >= 0 else 0

    def bounded() -> str:
        return "answered"

    def secret() -> str:
        return "never"

    return [
        FunctionTool(function, blocking=function is meet) for function in (give_back, break_down, meet, bounded, secret)
    ]


def policy() -> Policy:
    granted = default_policy().with_tools(["give-back", "break-down", "meet"])
    return granted._replace(
        tools={**granted.tools, "bounded": ToolGrant(max_calls=1)}, config={"depth": {"of": [1, 2]}},
        environment={"GRANTED": "yes"},
    )  # fmt: skip


def limits(case: dict[str, Any]) -> Limits:
    return Limits(**{"cpu": 10, "wall": 30, "memory": 64 << 20, **case.get("limits", {})})


def run(name: str, case: dict[str, Any], language: Language, **options: Any) -> Outcome:
    folder = (CASES / name).parent
    left = bytearray(case.get("stdin", "").encode())

    def stdin(size: int) -> bytes:
        taken = bytes(left[:size])
        del left[:size]
        return taken

    engine, bounds = counted(language.spec(), limits(case))
    runtime = ScriptRuntime(engine, tools=tools(), policy=policy(), stdin=stdin, limits=bounds)
    return runtime.execute(
        spell_of(CASES, name, language),
        name=f"{folder.name}{language.spells}",
        arguments=case.get("arguments", []),
        folder=str(folder / case["folder"]) if "folder" in case else None,
        seed=case.get("seed"),
        **options,
    )


def ended(outcome: Outcome) -> dict[str, Any]:
    """What of an outcome an `expect` can say."""
    error, limit = outcome.error, outcome.limit
    return {
        "verdict": outcome.verdict.value, "value": outcome.value, "stdout": outcome.stdout.decode(),
        "stderr": outcome.stderr.decode(), "exit_status": outcome.exit_status, "line": error and error.line,
        "kind": error and error.kind, "message": error and error.message, "limit": limit and limit.name,
        "calls": outcome.usage.calls, "output_bytes": outcome.usage.output_bytes,
    }  # fmt: skip


def expected(case: dict[str, Any], language: Language) -> dict[str, Any]:
    return {**case["expect"], **case.get("differs", {}).get(language.name, {})}


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_written_as_the_readme_says(name: str) -> None:
    case = tomllib.loads((CASES / f"{name}.toml").read_text())
    assert case["says"]
    assert case["expect"]["verdict"]
    assert set(case) <= KEYS
    assert all(set(each) <= ENDS for each in (case["expect"], *case.get("differs", {}).values()))


@every_language
@pytest.mark.parametrize("name", NAMES)
def test_a_case_ends_as_it_says(name: str, language: Language) -> None:
    case = tomllib.loads((CASES / f"{name}.toml").read_text())
    outcome = run(name, case, language)
    found, wanted = ended(outcome), expected(case, language)
    part = wanted.pop("message", None)
    assert {key: found[key] for key in wanted} == wanted, outcome.error
    assert part is None or part in found["message"]


def test_no_spell_is_without_a_case() -> None:
    spells = {path.with_suffix("") for path in CASES.rglob("*.*") if path.parent.name != "files"}
    assert spells == {CASES / name for name in NAMES}
