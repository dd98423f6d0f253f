"""What an agent is made with. On the path of a plain run, so nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class AgentConfig(NamedTuple):
    """What an agent was made with. `model` is the provider's own name of the model.

    `max_conversation_length` counts the messages that are remembered, system messages aside. `tools` are names, for
    whoever makes the agent's `ToolBox`. `answer_schema` is the JSON schema that every answer is to satisfy: an answer
    that does not is asked for again `max_repairs` times. In one question a model may ask for tools in `max_tool_rounds`
    of its answers.
    """

    name: str
    provider: str
    model: str
    description: str | None = None
    system_prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_conversation_length: int | None = None
    tools: tuple[str, ...] = ()
    answer_schema: Mapping[str, Any] | None = None
    max_tool_rounds: int = 10
    max_repairs: int = 1

    def as_map(self) -> dict[str, Any]:
        """The configuration as a script sees it."""
        return {**self._asdict(), "tools": list(self.tools)}
