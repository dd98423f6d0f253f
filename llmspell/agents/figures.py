"""What an agent has done and what it took."""

from __future__ import annotations

from typing import Any

from llmspell.providers.provider import Completion


class Figures:
    """Counts and sums of one question, or of all of an agent's. Unknown prices are left out of `cost_usd`."""

    __slots__ = (
        "completion_tokens",
        "cost_usd",
        "executions",
        "failures",
        "model_calls",
        "prompt_tokens",
        "seconds",
        "tool_calls",
        "unpriced_calls",
    )

    def __init__(self) -> None:
        self.executions = 0
        self.failures = 0
        self.model_calls = 0
        self.tool_calls = 0
        self.unpriced_calls = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost_usd = 0.0
        self.seconds = 0.0

    def took(self, completion: Completion) -> None:
        """Adds what one model call took."""
        self.model_calls += 1
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.cost_usd += completion.cost_usd or 0.0
        self.unpriced_calls += completion.cost_usd is None

    def add(self, other: Figures) -> None:
        """Adds those of a question."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_map(self) -> dict[str, Any]:
        """The figures as a script sees them."""
        return {
            "executions": self.executions,
            "failures": self.failures,
            "model_calls": self.model_calls,
            "tool_calls": self.tool_calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "token_count": self.prompt_tokens + self.completion_tokens,
            "cost_usd": self.cost_usd,
            "unpriced_calls": self.unpriced_calls,
            "total_time_ms": self.seconds * 1000,
        }
