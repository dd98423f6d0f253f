"""One prepared call of litellm, and its answer as values of ours.

This file keeps the rules that all that litellm raises becomes a CallError, that an answer is bounded and can
travel, and that its figures are numbers even where a provider reports none. It imports httpx: first use only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import format_size
from llmspell.providers.asked_tools import AskedTools, TooManyCallsError, part
from llmspell.providers.exchange import Exchange
from llmspell.providers.failure import Asked, Marks, call_error, ended_early
from llmspell.providers.figures import configured_cost
from llmspell.providers.litellm_load import unlogged
from llmspell.providers.masking import sendable
from llmspell.providers.model_table import ModelFacts
from llmspell.providers.prefixes import Route
from llmspell.providers.provider import Completion, ToolProgress
from llmspell.providers.settings import Price
from llmspell.types.media import MediaContent

_T = TypeVar("_T")


class Answered(NamedTuple):
    """What an answer consists of, before its figures are known."""

    text: str
    finish_reason: str | None
    usage: Any
    tools: AskedTools | None = None
    media: tuple[MediaContent, ...] = ()
    refusal: str = ""
    cost: object = None


class Call(NamedTuple):
    """One call, prepared: what litellm is asked, and what watches it. `facts` are None for an unknown model."""

    litellm: Any
    arguments: dict[str, Any]
    exchange: Exchange
    asked: Asked
    route: Route
    answer_cap: int
    facts: ModelFacts | None
    prices: Mapping[str, Price]

    def guard(self, ask: Callable[[], _T]) -> _T:
        """What `ask` gives; what it raises is raised as CallError, with nothing of the original behind it.

        `details.answered_bytes` is how much of an answer had come beside its chunks: whoever counts what a call costs
        counts that too.
        """
        try:
            with self.exchange.active(), unlogged():
                return ask()
        except CallError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  a boundary: litellm lets any library's exceptions through
            if self.exchange.closed:  # whatever came of it
                failure = self.closed("the call was closed before its answer ended")
            else:
                marks = Marks(late=self.litellm.Timeout, too_long=self.litellm.ContextWindowExceededError)
                failure = call_error(error, self.asked, seen=self.exchange.seen(), marks=marks)
        if self.exchange.answered_bytes:
            failure.details["answered_bytes"] = self.exchange.answered_bytes
        raise failure  # outside of `except`, so that no unmasked text hangs on it

    def closed(self, happened: str) -> CallError:
        """What is raised in a thread whose call somebody else has closed."""
        failure = self.asked.error(ErrorKind.PROVIDER, happened)
        failure.details["closed"] = True
        return failure

    def ended_early(self) -> CallError:
        """What is to be raised for a stream that ended without saying why."""
        return ended_early(self.exchange.seen(), self.asked)

    def checked(self, text: object, size: int) -> str:
        """`text` as it can travel; raises CallError when it and `size` bytes before it are over the cap."""
        if not isinstance(text, str):
            return ""
        if size + len(text.encode("utf-8", "replace")) > self.answer_cap:
            happened = f"its answer is larger than {format_size(self.answer_cap)}, so it was dropped"
            raise self.asked.error(ErrorKind.PROVIDER, f"{happened}; ask for less with max_tokens")
        return sendable(text)

    def add_tool(self, tools: AskedTools, piece: Any, size: int, *, at: int | None = None) -> ToolProgress:
        """Takes a piece of a tool call, or a whole one, which is number `at`; raises CallError for too many calls, and
        for what is over the cap."""
        self.checked(part(part(piece, "function"), "arguments"), size)
        try:
            return tools.add(piece, at=at)
        except TooManyCallsError as error:
            raise self.asked.error(ErrorKind.PROVIDER, f"{error}, so it was dropped") from None

    def completion(self, answered: Answered) -> Completion:
        """The answer with its figures. Tokens that the provider does not report are counted by litellm."""
        usage = answered.usage
        prompt, completed = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        calls = answered.tools.whole() if answered.tools is not None else ()
        reported = usage if prompt and completed else None
        if prompt == 0:
            messages = self.arguments.get("messages")
            prompt = self.litellm.token_counter(model=self.route.specifier, messages=messages) if messages else 0
        written = "".join((answered.text, answered.refusal, *(call.name + call.written for call in calls)))
        if completed == 0 and written:
            completed = self.litellm.token_counter(model=self.route.specifier, text=written)
        return Completion(
            text=answered.text,
            model=self.asked.model,
            prompt_tokens=prompt,
            completion_tokens=completed,
            finish_reason=sendable(str(answered.finish_reason or "stop"))[:64],
            cost_usd=self._cost(prompt, completed, reported, answered.cost),
            tool_calls=calls,
            media=answered.media,
            refusal=answered.refusal or None,
            cached_tokens=min(_count(part(usage, "prompt_tokens_details"), "cached_tokens"), prompt),
        )

    def _cost(self, prompt: int, completed: int, reported: Any, known: object) -> float | None:
        configured = configured_cost(self.asked.model, prompt, completed, self.prices)
        if configured is not None:
            return configured
        if isinstance(known, (int, float)) and known > 0:
            return float(known)
        if self.facts is None:
            return None
        try:
            parts = self.litellm.cost_per_token(
                model=self.route.specifier,
                prompt_tokens=prompt,
                completion_tokens=completed,
                usage_object=reported,
            )
            return float(sum(parts))
        except Exception:  # noqa: BLE001  litellm raises bare exceptions for a model without a price
            return None


def _count(usage: Any, name: str) -> int:
    """A number of tokens as the provider reports it: 0 when it is none, and never beyond what can travel."""
    reported = part(usage, name)
    return min(max(reported, 0), 2**53) if isinstance(reported, int) else 0
