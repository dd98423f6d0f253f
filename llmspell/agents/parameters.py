"""What one question may ask for beside its text: `AgentInput.parameters`, read as strictly as everything else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmspell.errors import nearest
from llmspell.types.reading import MalformedError, described, read_text, read_values

MAX_TEMPERATURE = 2
MAX_TOKENS = 10_000_000
CHOICES = ("auto", "none", "required")

PLACE = "input.parameters"


class Parameters(NamedTuple):
    """The parameters of a question, None for what it leaves to the agent's configuration."""

    temperature: float | None = None
    max_tokens: int | None = None
    answer_schema: Mapping[str, Any] | None = None
    tool_choice: str | None = None


def read_parameters(given: Mapping[str, Any], tools: list[str]) -> Parameters:
    """The parameters. Raises MalformedError with the place of an unknown one, or of one that does not fit.

    `tool_choice` is one of `CHOICES`, or one of `tools`, the names of what the model is offered.
    """
    for key in given:
        if key not in Parameters._fields:
            close = nearest(str(key), list(Parameters._fields))
            hint = f"did you mean {close}?" if close else f"known are {', '.join(Parameters._fields)}"
            raise MalformedError(PLACE, f"has no field {str(key)[:60]!r}; {hint}")
    return Parameters(
        _number(given.get("temperature"), f"{PLACE}.temperature"),
        _whole(given.get("max_tokens"), f"{PLACE}.max_tokens"),
        _map(given.get("answer_schema"), f"{PLACE}.answer_schema"),
        _choice(given.get("tool_choice"), f"{PLACE}.tool_choice", tools),
    )


def _number(value: Any, place: str) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= MAX_TEMPERATURE or math.isnan(value):
        raise MalformedError(place, f"must be a number from 0 to {MAX_TEMPERATURE}, not {described(value)}")
    return float(value)


def _whole(value: Any, place: str) -> int | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 1 <= value <= MAX_TOKENS or value != int(value):
        raise MalformedError(place, f"must be a whole number from 1 to {MAX_TOKENS:,}, not {described(value)}")
    return int(value)


def _map(value: Any, place: str) -> Mapping[str, Any] | None:
    return None if value is None else read_values(value, place)


def _choice(value: Any, place: str, tools: list[str]) -> str | None:
    if value is None:
        return None
    choice = read_text(value, place)
    if choice == "required" and not tools:
        raise MalformedError(place, "is required, and the model is offered no tool")
    if choice in CHOICES or choice in tools:
        return choice
    known = [*CHOICES, *tools]
    close = nearest(choice, known)
    hint = f"did you mean {close}?" if close else f"known are {', '.join(known)[:500]}"
    raise MalformedError(place, f"is {choice[:60]!r}, and there is no such tool; {hint}")
