"""A purse: how many model calls, tokens and dollars somebody may spend, what is spent, and what is held back for calls
that are under way. No I/O and no lock: `spending.py` takes turns.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import Limits
from llmspell.outcome import LimitHit
from llmspell.sandbox.session import LimitCrossed

_ROUNDING = 1e-12
"""USD: what adding and taking away may leave of a sum that was exact."""


class Need(NamedTuple):
    """What a call takes at the most. `cost_usd` is a number: where the price is unknown, a rule has set it."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float

    @property
    def tokens(self) -> int:
        """Sent and received."""
        return self.prompt_tokens + self.completion_tokens


class Price(NamedTuple):
    """What a call costs by the length of its answer: `base` USD, and `each` token of the answer."""

    prompt_tokens: int
    base: float
    each: float

    @classmethod
    def between(cls, least: Need, full: Need) -> Price:
        """The line through two needs of the same question."""
        span = full.completion_tokens - least.completion_tokens
        each = max((full.cost_usd - least.cost_usd) / span, 0.0) if span > 0 else 0.0
        return cls(full.prompt_tokens, max(least.cost_usd - each * least.completion_tokens, 0.0), each)

    def need(self, completion_tokens: int) -> Need:
        """What the call takes when its answer has so many tokens."""
        return Need(self.prompt_tokens, completion_tokens, self.base + self.each * completion_tokens)


class Purse:
    """One bound on spending. A purse of nobody (`of` is None) is the run's, and crossing it ends the run; the bound of
    an agent or a grant is an error of kind `budget`, which the script may catch. A bound that is None bounds nothing.
    """

    __slots__ = ("_calls", "_cost", "_tokens", "calls", "cost_usd", "held_cost", "held_tokens", "of", "tokens")

    def __init__(
        self, of: str | None, *, calls: int | None = None, tokens: int | None = None, cost: float | None = None
    ) -> None:
        self.of = of
        self._calls, self._tokens, self._cost = calls, tokens, cost
        self.calls = self.tokens = self.held_tokens = 0
        self.cost_usd = self.held_cost = 0.0

    @classmethod
    def of_run(cls, limits: Limits) -> Purse:
        """The run's."""
        return cls(None, calls=limits.model_calls, tokens=limits.tokens, cost=limits.cost)

    def check_call(self) -> None:
        """Raises for a call that is one too many."""
        if self._calls is not None and self.calls >= self._calls:
            raise self._crossing("model_calls", self._calls, self.calls + 1, "calls")

    def holds(self, need: Need) -> bool:
        """Whether there is room for a call beside those that are under way."""
        tokens = self._tokens is None or self.tokens + self.held_tokens + need.tokens <= self._tokens
        spent = self.cost_usd + self.held_cost + need.cost_usd
        return tokens and (self._cost is None or spent <= self._cost + _ROUNDING)

    def room(self, price: Price, *, alone: bool) -> float:
        """How many tokens an answer may have, under 0 for not even an empty one; `alone`: if no other call were."""
        held_tokens, held_cost = (0, 0.0) if alone else (self.held_tokens, self.held_cost)
        room = math.inf
        if self._tokens is not None:
            room = self._tokens - self.tokens - held_tokens - price.prompt_tokens
        if self._cost is not None:
            left = self._cost - self.cost_usd - held_cost - price.base
            if left < -_ROUNDING:
                return -1
            if price.each > 0:
                room = min(room, (left + _ROUNDING) // price.each)
        return room

    def check_room(self, need: Need) -> None:
        """Raises for a call that would not fit even if no other were under way."""
        if self._tokens is not None and self.tokens + need.tokens > self._tokens:
            raise self._crossing("tokens", self._tokens, self.tokens + need.tokens, "tokens")
        if self._cost is not None and self.cost_usd + need.cost_usd > self._cost + _ROUNDING:
            raise self._crossing("cost", self._cost, self.cost_usd + need.cost_usd, "USD")

    def check_spent(self) -> None:
        """Raises for the run's purse when more was spent than it may be: an answer took more than could be said
        before. Other bounds refuse the next call, so that this answer is not lost."""
        if self.of is None:
            self.check_room(Need(0, 0, 0.0))

    def hold(self, need: Need, sign: int = 1) -> None:
        """Holds back for a call, or with `sign` -1 gives back."""
        self.held_tokens += sign * need.tokens
        self.held_cost = max(self.held_cost + sign * need.cost_usd, 0.0)

    def spend(self, need: Need) -> None:
        """Adds what a call has taken."""
        self.tokens += need.tokens
        self.cost_usd += need.cost_usd

    def _crossing(self, name: str, allowed: float, used: float, unit: str) -> Exception:
        if self.of is None:
            return LimitCrossed(LimitHit(name, allowed, used, unit))
        shown = f"{used:.4g} of its {allowed:.4g} USD" if unit == "USD" else f"{used:,} of its {allowed:,} {unit}"
        return CallError(
            ErrorKind.BUDGET,
            f"{self.of} would use {shown} with this call; it was not sent",
            {"budget": name, "allowed": allowed, "used": used, "unit": unit},
        )
