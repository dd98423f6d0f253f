"""What is known of models without asking anybody: litellm's own list, read from its file.

This file keeps the rule that it costs one JSON document (30 ms), at the first question, and never the import of
litellm (3 s). Without the file, or with one of another form, nothing is known and nothing fails.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from llmspell.providers.prefixes import Route
from llmspell.providers.provider import ProviderCapabilities

_FILE = "model_prices_and_context_window_backup.json"
_MEDIA = {
    "image": "supports_vision",
    "audio": "supports_audio_input",
    "video": "supports_video_input",
    "binary": "supports_pdf_input",
}


class ModelFacts(NamedTuple):
    """What the list says of a model; prices are US dollars for one token, the highest that may apply."""

    mode: str
    max_context_tokens: int | None
    max_output_tokens: int | None
    prompt_price: float | None
    completion_price: float | None
    tools: bool
    structured_output: bool
    media: tuple[str, ...]

    @property
    def makes_images(self) -> bool:
        """Whether it is asked by a prompt alone, and answers with images."""
        return self.mode == "image_generation"

    @property
    def speaks(self) -> bool:
        """Whether it is asked by a text alone, and answers with sound."""
        return self.mode == "audio_speech"


@lru_cache(maxsize=256)
def facts_of(to: Route) -> ModelFacts | None:
    """What is known of a model; None for one that is not in the list."""
    row = _row(to)
    if row is None:
        return None
    return ModelFacts(
        mode=str(row.get("mode") or "chat"),
        max_context_tokens=_count(row.get("max_input_tokens")),
        max_output_tokens=_count(row.get("max_output_tokens")),
        prompt_price=_highest(row, "input_cost_per_token"),
        completion_price=_highest(row, "output_cost_per_token"),
        tools=row.get("supports_function_calling") is True,
        structured_output=row.get("supports_response_schema") is True,
        media=tuple(kind for kind, name in _MEDIA.items() if row.get(name) is True),
    )


def capabilities_of(facts: ModelFacts | None, models: tuple[str, ...]) -> ProviderCapabilities:
    """What a model can do, as far as it is known; `models` are those that its provider offers."""
    if facts is None:
        return ProviderCapabilities(supports_multimodal=None, available_models=models)
    return ProviderCapabilities(
        supports_multimodal=bool(facts.media),
        max_context_tokens=facts.max_context_tokens,
        available_models=models,
        supports_tools=facts.tools,
        supports_structured_output=facts.structured_output,
        max_output_tokens=facts.max_output_tokens,
        media=facts.media,
    )


@cache
def models_of(prefix: str) -> tuple[str, ...]:
    """The models of a service that are in the list, as one asks the service for them."""
    return tuple(
        name.removeprefix(f"{prefix}/")
        for name, row in _table().items()
        if isinstance(row, dict) and row.get("litellm_provider") == prefix
    )


def _row(to: Route) -> Mapping[str, Any] | None:
    table = _table()
    row = table.get(to.specifier)
    if not isinstance(row, dict):
        row = table.get(to.model)
        if not isinstance(row, dict) or row.get("litellm_provider") != to.prefix:
            return None
    return row


@cache
def _table() -> dict[str, Any]:
    from importlib.util import find_spec

    spec = find_spec("litellm")  # finds it, and does not import it
    for folder in (spec and spec.submodule_search_locations) or ():
        try:
            with open(os.path.join(folder, _FILE), "rb") as file:
                table = json.load(file)
        except (OSError, ValueError):
            continue
        if isinstance(table, dict):
            return table
    return {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _highest(row: Mapping[str, Any], name: str) -> float | None:
    """The usual price, or the one for a long prompt where that is higher."""
    found = [
        float(value)
        for key, value in row.items()
        if (key == name or (key.startswith(f"{name}_above_") and key.endswith("_tokens")))
        and isinstance(value, (int, float))
    ]
    return max(found, default=None)
