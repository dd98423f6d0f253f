"""An agent of a script: its configuration, its conversation, its figures. No I/O."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmspell.providers.provider import Completion, ModelRequest, Provider


class AgentConfig(NamedTuple):
    """What an agent was made with. `model` is the provider's own name of the model."""

    name: str
    provider: str
    model: str
    description: str | None = None
    system_prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_conversation_length: int | None = None
    tools: tuple[str, ...] = ()

    def as_map(self) -> dict[str, Any]:
        """The configuration as a script sees it."""
        return {**self._asdict(), "tools": list(self.tools)}


class Agent:
    """One agent, for the length of one run."""

    def __init__(self, config: AgentConfig, provider: Provider) -> None:
        self.config = config
        self.provider = provider
        self.state: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Forgets the conversation and the figures; configuration and state stay."""
        self.messages: list[dict[str, str]] = []
        self.executions = 0
        self.failures = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost_usd = 0.0
        self.seconds = 0.0

    def request(self, text: str, parameters: Mapping[str, Any]) -> ModelRequest:
        """The model call that `text` makes, with the conversation so far in front of it."""
        system = [{"role": "system", "content": self.config.system_prompt}] if self.config.system_prompt else []
        return ModelRequest(
            model=self.config.model,
            messages=(*system, *self.messages, {"role": "user", "content": text}),
            temperature=parameters.get("temperature", self.config.temperature),
            max_tokens=parameters.get("max_tokens", self.config.max_tokens),
        )

    def answered(self, text: str, completion: Completion, seconds: float) -> None:
        """Keeps an exchange, and drops the oldest messages over `max_conversation_length`."""
        self.messages += [{"role": "user", "content": text}, {"role": "assistant", "content": completion.text}]
        most = self.config.max_conversation_length
        if most is not None and len(self.messages) > most:
            del self.messages[: len(self.messages) - most]
        self.executions += 1
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.cost_usd += completion.cost_usd or 0.0
        self.seconds += seconds

    @property
    def held(self) -> int:
        """About how many bytes the conversation takes."""
        return sum(len(message["content"].encode()) + 200 for message in self.messages)

    def metrics(self) -> dict[str, Any]:
        """The figures as a script sees them."""
        return {
            "executions": self.executions,
            "failures": self.failures,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "token_count": self.prompt_tokens + self.completion_tokens,
            "cost_usd": self.cost_usd,
            "total_time_ms": self.seconds * 1000,
            "messages": len(self.messages),
        }


def describe(completion: Completion, seconds: float) -> dict[str, Any]:
    """A whole answer as a script sees it."""
    return {
        "text": completion.text,
        "content": completion.text,
        "media": [],
        "tool_calls": [],
        "metadata": describe_metadata(completion, seconds),
    }


def describe_metadata(completion: Completion, seconds: float) -> dict[str, Any]:
    """The figures of an answer as a script sees them."""
    return {
        "model": completion.model,
        "token_count": completion.prompt_tokens + completion.completion_tokens,
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "cost_usd": completion.cost_usd,
        "execution_time_ms": seconds * 1000,
        "finish_reason": completion.finish_reason,
    }
