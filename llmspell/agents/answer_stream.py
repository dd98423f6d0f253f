"""An LLM agent's answer as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell.types.agent_io import AgentOutput
from llmspell.types.streaming import AgentChunk, AgentStream

if TYPE_CHECKING:
    from llmspell.agents.turn import Turn


class AnswerStream(AgentStream):
    """The chunks of an answer, what has come of it so far, and the whole of it at the end."""

    __slots__ = ("_turn",)

    def __init__(self, chunks: Iterator[AgentChunk], turn: Turn) -> None:
        super().__init__(chunks, cancel=turn.line.cut)
        self._turn = turn

    @property
    def partial(self) -> str:
        """The text that has come so far, of the answer that is being given: not what was said before a tool call."""
        return "".join(self._turn.heard)

    @property
    def output(self) -> AgentOutput | None:
        """The whole answer, with its figures, the results of its tool calls and its value; None before the end."""
        return self._turn.output

    def collect(self) -> AgentOutput:
        """Reads to the end and gives the whole answer; what was closed before gives what had come."""
        with self:
            for _ in self:
                pass
        return AgentOutput(self.partial) if self.output is None else self.output
