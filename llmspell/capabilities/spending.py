"""Model calls, tokens and cost of one run, against its limits."""

from __future__ import annotations

from llmspell.limits import Limits
from llmspell.outcome import LimitHit
from llmspell.sandbox.session import LimitCrossed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.providers.provider import Completion


class Spending:
    """What the models of a run have cost so far. Raises LimitCrossed, which ends the run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.model_calls = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost_usd = 0.0

    def begin_call(self) -> None:
        """Counts one model call, before it is sent."""
        if self.model_calls >= self._limits.model_calls:
            raise LimitCrossed(LimitHit("model_calls", self._limits.model_calls, self.model_calls + 1, "calls"))
        self.model_calls += 1

    def end_call(self, completion: Completion) -> None:
        """Adds what a finished call took."""
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.cost_usd += completion.cost_usd or 0.0
        tokens = self.prompt_tokens + self.completion_tokens
        if tokens > self._limits.tokens:
            raise LimitCrossed(LimitHit("tokens", self._limits.tokens, tokens, "tokens"))
        if self.cost_usd > self._limits.cost:
            raise LimitCrossed(LimitHit("cost", self._limits.cost, self.cost_usd, "USD"))
