"""One prepared call of litellm, and its answer as values of ours.

This file keeps the rules that all that litellm raises becomes a CallError, that an answer is bounded and can
travel, and that its figures are numbers even where a provider reports none. It imports httpx: first use only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import format_size
from llmspell.providers.exchange import Exchange
from llmspell.providers.failure import Asked, Marks, call_error, ended_early
from llmspell.providers.masking import sendable
from llmspell.providers.prefixes import Route
from llmspell.providers.provider import Completion

_T = TypeVar("_T")


class Call(NamedTuple):
    """One call, prepared: what litellm is asked, and what watches it."""

    litellm: Any
    arguments: dict[str, Any]
    exchange: Exchange
    asked: Asked
    route: Route
    answer_cap: int

    def guard(self, ask: Callable[[], _T]) -> _T:
        """What `ask` gives; what it raises is raised as CallError, with nothing of the original behind it."""
        try:
            with self.exchange.active():
                return ask()
        except CallError:
            raise
        except Exception as error:  # noqa: BLE001  a boundary: litellm lets any library's exceptions through
            if self.exchange.closed:  # whatever came of it
                failure = self.asked.error(ErrorKind.PROVIDER, "the call was closed before its answer ended")
            else:
                marks = Marks(late=self.litellm.Timeout, too_long=self.litellm.ContextWindowExceededError)
                failure = call_error(error, self.asked, seen=self.exchange.seen(), marks=marks)
        raise failure  # outside of `except`, so that no unmasked text hangs on it

    def ended_early(self) -> CallError:
        """What is to be raised for a stream that ended without saying why."""
        return ended_early(self.exchange.seen(), self.asked)

    def checked(self, text: str, size: int) -> str:
        """`text` as it can travel; raises CallError when it and `size` bytes before it are over the cap."""
        if size + len(text.encode("utf-8", "replace")) > self.answer_cap:
            happened = f"its answer is larger than {format_size(self.answer_cap)}, so it was dropped"
            raise self.asked.error(ErrorKind.PROVIDER, f"{happened}; ask for less with max_tokens")
        return sendable(text)

    def completion(self, text: str, usage: Any, finish_reason: str | None) -> Completion:
        """The answer with its figures. Tokens that the provider does not report are counted by litellm."""
        prompt, answered = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        reported = usage if prompt and answered else None
        if prompt == 0:
            messages = self.arguments["messages"]
            prompt = self.litellm.token_counter(model=self.route.specifier, messages=messages)
        if answered == 0 and text:
            answered = self.litellm.token_counter(model=self.route.specifier, text=text)
        return Completion(
            text=text,
            model=self.asked.model,
            prompt_tokens=prompt,
            completion_tokens=answered,
            finish_reason=sendable(str(finish_reason or "stop"))[:64],
            cost_usd=self._cost(prompt, answered, reported),
        )

    def _cost(self, prompt: int, answered: int, reported: Any) -> float | None:
        try:
            parts = self.litellm.cost_per_token(
                model=self.route.specifier,
                prompt_tokens=prompt,
                completion_tokens=answered,
                usage_object=reported,
            )
            return float(sum(parts))
        except Exception:  # noqa: BLE001  litellm raises bare exceptions for a model without a price
            return None


def _count(usage: Any, name: str) -> int:
    """A number of tokens as the provider reports it: 0 when it is none, and never beyond what can travel."""
    reported = getattr(usage, name, None)
    return min(max(reported, 0), 2**53) if isinstance(reported, int) else 0
