"""A model server for tests and demonstrations: it speaks the OpenAI protocol on loopback, by script.

The public names, loaded on first use. This folder keeps the rule that it imports the standard library only,
so that pytest users who have llmspell installed pay nothing for the fixture that they do not ask for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmspell.testing.answers import (
        HALF_CHARACTER,
        NONSENSE,
        Answer,
        Failure,
        Fault,
        Pause,
        Plain,
        Raw,
        ToolCall,
        Usage,
    )
    from llmspell.testing.gate import Gate
    from llmspell.testing.request import Image, Request
    from llmspell.testing.server import LLMServer

_HOMES = {
    "HALF_CHARACTER": "answers",
    "NONSENSE": "answers",
    "Answer": "answers",
    "Failure": "answers",
    "Fault": "answers",
    "Gate": "gate",
    "Image": "request",
    "LLMServer": "server",
    "Pause": "answers",
    "Plain": "answers",
    "Raw": "answers",
    "Request": "request",
    "ToolCall": "answers",
    "Usage": "answers",
}

__all__ = [
    "HALF_CHARACTER",
    "NONSENSE",
    "Answer",
    "Failure",
    "Fault",
    "Gate",
    "Image",
    "LLMServer",
    "Pause",
    "Plain",
    "Raw",
    "Request",
    "ToolCall",
    "Usage",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
