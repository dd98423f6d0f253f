"""How many tokens a call takes at the most, and what they cost.

This file keeps the rules that a configured price comes before litellm's list, that a price which nobody knows is None
and never 0, and that counting is bounded: text is counted in pieces, so its time grows with its length and no faster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmspell.providers.model_table import ModelFacts
from llmspell.providers.provider import Estimate, ModelRequest, ToolRequest
from llmspell.providers.settings import ANY_MODEL, Price

COMPLETION_TOKENS = 16_384
"""What a model that nobody knows is thought to write at the most, where the request does not say."""

IMAGE_TOKENS = 1_600
"""The most that an image counts for. Source: Anthropic's and OpenAI's pages on vision, large images at high detail."""

BYTES_PER_TOKEN = 1_000
"""Of sound, video and files: more tokens than any of the services takes for them."""

_SMALL = 1_024
"""Characters that are not worth counting: no tokenizer makes more tokens of them than they have bytes."""
_PIECE = 4_096
_COUNTED = 4 * 1024 * 1024
_MESSAGE_TOKENS = 8
_TOOL_TOKENS = 16
_MILLION = 1_000_000

Count = Callable[[str], int]


def estimate(request: ModelRequest, facts: ModelFacts | None, prices: Mapping[str, Price], count: Count) -> Estimate:
    """What `request` takes at the most. `count` gives the tokens of a text."""
    texts, media_tokens = _content(request)
    prompt = media_tokens + _MESSAGE_TOKENS * (len(request.messages) + 1) + _TOOL_TOKENS * len(request.tools)
    prompt += _counted(texts, count)
    most = facts.max_output_tokens if facts is not None else None
    completion = request.max_tokens or most or COMPLETION_TOKENS
    return Estimate(prompt, completion, cost(request.model, prompt, completion, facts, prices))


def cost(
    model: str, prompt: int, completion: int, facts: ModelFacts | None, prices: Mapping[str, Price]
) -> float | None:
    """The highest price of so many tokens in US dollars; None where it is not known."""
    configured = configured_cost(model, prompt, completion, prices)
    if configured is not None:
        return configured
    if facts is None or facts.prompt_price is None or facts.completion_price is None:
        return None
    return prompt * facts.prompt_price + completion * facts.completion_price


def configured_cost(model: str, prompt: int, completion: int, prices: Mapping[str, Price]) -> float | None:
    """The price of so many tokens by what is configured, in US dollars."""
    price = prices.get(model, prices.get(ANY_MODEL))
    return None if price is None else (prompt * price.prompt + completion * price.completion) / _MILLION


def _content(request: ModelRequest) -> tuple[list[str], int]:
    """The texts of a request, and the tokens of its media."""
    texts: list[str] = []
    tokens = 0
    for message in request.messages:
        content = message.get("content")
        for part in content if isinstance(content, (list, tuple)) else [content]:
            text = part if isinstance(part, str) else getattr(part, "text", None)
            if isinstance(text, str):
                texts.append(text)
            elif part is not None:
                size = getattr(part, "size_bytes", 0)
                tokens += IMAGE_TOKENS if _is_image(part) else IMAGE_TOKENS + size // BYTES_PER_TOKEN
        texts += (each.name + each.written for each in message.get("tool_calls") or () if type(each) is ToolRequest)
    texts += (f"{tool.name} {tool.description} {_json(tool.schema)}" for tool in request.tools)
    if request.answer_schema is not None:
        texts.append(_json(request.answer_schema))
    return texts, tokens


def _is_image(part: Any) -> bool:
    return getattr(part, "type_name", "") == "image"


def _json(value: object) -> str:
    return json.dumps(value, default=str)


def _counted(texts: Sequence[str], count: Count) -> int:
    if sum(map(len, texts)) <= _SMALL:
        return sum(len(text.encode("utf-8", "replace")) for text in texts)
    left = _COUNTED
    tokens = 0
    for text in texts:
        for begin in range(0, min(len(text), left), _PIECE):
            tokens += count(text[begin : begin + _PIECE])
        tokens += len(text[left:].encode("utf-8", "replace"))  # no tokenizer makes more of it
        left = max(left - len(text), 0)
    return tokens
