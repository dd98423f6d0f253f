"""Spells and results travel as bytes; what comes back is the result that was asked for, in its shape, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell import ScriptRuntime
from llmspell.source import sha256
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.result import Result, Status, TimedCall
from llmspell.validate.spell import Spell
from llmspell.validate.travel import read_result, read_spell, result_bytes, spell_bytes
from llmspell_workers.wire import Violation, pack, unpack

SPELL = Spell(
    "a/b.lua", "lua", b"return \xff", {"lib.lua": b"return 2"}, b"{}", None,
    (Finding("unreadable", Severity.ERROR, "gone", None, "x"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def result() -> Result:
    outcome = ScriptRuntime.with_lua().execute("print(1) Tool.exists('x') return {1, 'two', string.char(255)}")
    return Result(
        SPELL.path, Status.PASSED, "lua", sha256(SPELL.source),
        (Finding("r", Severity.NOTE, "m", Position(1, 2, 3, 4)),), 0.25, "return ?", outcome.to_dict(),
        (TimedCall("tool.invoke", None, True, 0.0, 0.1),), {"memory": 5, "cpu": 1.5},
    )  # fmt: skip


def test_a_spell_comes_back_as_it_was() -> None:
    assert read_spell(spell_bytes(SPELL)) == SPELL


def test_a_result_comes_back_as_it_was(result: Result) -> None:
    assert read_result(result_bytes(result), SPELL) == result


def test_a_result_without_a_run_comes_back_as_it_was() -> None:
    bare = Result(SPELL.path, Status.UNCHECKED, "lua")
    assert read_result(result_bytes(bare), SPELL) == bare


def test_an_outcome_that_is_too_large_is_left_out_with_a_note(result: Result) -> None:
    assert result.outcome is not None
    large = result._replace(outcome={**result.outcome, "value": list(range(300_000))})
    back = read_result(result_bytes(large), SPELL)
    assert back.outcome is None
    assert back.findings[-1].rule == "outcome-left-out"


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another-path": lambda made: made.update(path="other.lua"),
    "another-engine": lambda made: made.update(engine="python"),
    "another-source": lambda made: made.update(sha256="0" * 64),
    "cached": lambda made: made.update(cached=True),
    "status": lambda made: made.update(status="fine"),
    "status-list": lambda made: made.update(status=[]),
    "missing": lambda made: made.pop("path"),
    "more": lambda made: made.update(other=1),
    "seconds": lambda made: made.update(seconds="1"),
    "infinite": lambda made: made.update(seconds=float("inf")),
    "bool-for-number": lambda made: made.update(seconds=True),
    "findings": lambda made: made.update(findings=5),
    "finding": lambda made: made.update(findings=["x"]),
    "position": lambda made: made["findings"][0].update(position={"line": 1}),
    "position-text": lambda made: made["findings"][0]["position"].update(line="1"),
    "message": lambda made: made["findings"][0].update(message=None),
    "source-bytes": lambda made: made.update(source=b"x"),
    "limits": lambda made: made.update(limits={"memory": "x"}),
    "calls": lambda made: made.update(calls=pack([{"capability": 1}])),
    "calls-broken": lambda made: made.update(calls=b"\xc1"),
    "calls-plain": lambda made: made.update(calls=[]),
    "outcome-list": lambda made: made.update(outcome=[]),
    "outcome-empty": lambda made: made.update(outcome={}),
    "verdict": lambda made: made["outcome"].update(verdict="fine"),
    "schema": lambda made: made["outcome"].update(schema="other"),
    "usage": lambda made: made["outcome"]["usage"].update(calls="x"),
    "stdout": lambda made: made["outcome"].update(stdout=5),
    "value": lambda made: made["outcome"].update(value=b"\xdd\xff\xff\xff\xff"),
    "error": lambda made: made["outcome"].update(error={"kind": "x"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_result_of_any_other_shape_is_refused(result: Result, change: Callable[[dict[str, Any]], object]) -> None:
    made = unpack(result_bytes(result))
    assert isinstance(made, dict)
    change(made)
    with pytest.raises(Violation):
        read_result(pack(made), SPELL)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused(data: bytes) -> None:
    with pytest.raises(Violation):
        read_result(data, SPELL)
    with pytest.raises(Violation):
        read_spell(data)
