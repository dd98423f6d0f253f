"""The tools of a deterministic run: the same answers for the same seed, and nobody's tool is replaced but our own."""

from __future__ import annotations

from typing import Any

from llmspell import FunctionTool
from llmspell.tools.catalog import builtin_tools
from llmspell.tools.seeded import seeded_tools
from llmspell.tools.tool import ToolGrants

START = 946_684_800
NEEDS_CHANCE_OR_TIME = (
    ("uuid-generator", {"operation": "generate", "version": "v4"}),
    ("uuid-generator", {"operation": "generate", "version": "v1"}),
    ("uuid-generator", {"operation": "generate", "version": "v7"}),
    ("datetime-handler", {"operation": "now"}),
)


def answers(seed: int) -> list[Any]:
    tools = seeded_tools(builtin_tools(), seed=seed, start=START)
    return [tools[name].execute(parameters, ToolGrants()) for name, parameters in NEEDS_CHANCE_OR_TIME]


def test_the_same_seed_gives_the_same_answers_and_another_one_others() -> None:
    assert answers(1) == answers(1)
    same = [first == other for first, other in zip(answers(1), answers(2), strict=True)]
    assert same == [False, False, False, True], "only the time is the same"


def test_the_clock_starts_where_it_is_told_to() -> None:
    assert answers(1)[-1]["text"].startswith("2000-01-01T00:00:00.00000")


def test_a_tool_in_the_place_of_a_builtin_one_stays() -> None:
    def now() -> str:
        return "mine"

    mine = FunctionTool(now, name="datetime-handler")
    tools = builtin_tools([mine])
    assert seeded_tools(tools, seed=1, start=START)["datetime_handler"] is mine
    assert list(seeded_tools(tools, seed=1, start=START)) == list(tools)
