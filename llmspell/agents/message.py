"""The messages of a conversation: values that can be kept, saved and read back, and handed to a provider."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from llmspell.providers.provider import ToolRequest
from llmspell.sandbox.weight import text_weight
from llmspell.types.media import MediaContent
from llmspell.types.media_file import MediaFile
from llmspell.types.reading import read_text, read_values
from llmspell.types.value import Value

MESSAGE_BYTES = 200
"""About what a message takes beside its texts."""


class Role(enum.StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class AskedCall(Value):
    """A tool call as a model wrote it; `arguments` is None where that was no JSON map that can travel."""

    id: str
    name: str
    written: str
    arguments: Mapping[str, Any] | None = None

    reads = {"id": read_text, "name": read_text, "written": read_text, "arguments": read_values}


class Message(Value):
    """A message. `calls` are an assistant's; `tool_call_id` and `name` are those of the call that a tool answers."""

    role: Role
    text: str = ""
    media: tuple[MediaContent, ...] = ()
    calls: tuple[AskedCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    reads = {
        "role": Role,
        "text": read_text,
        "media": [MediaContent],
        "calls": [AskedCall],
        "tool_call_id": read_text,
        "name": read_text,
    }

    def for_model(self) -> dict[str, Any]:
        """The message as `ModelRequest` has it."""
        made: dict[str, Any] = {"role": self.role.value, "content": self.text}
        if self.media:
            made["content"] = [self.text, *self.media] if self.text else list(self.media)
        if self.calls:
            made["tool_calls"] = [ToolRequest(call.id, call.name, call.arguments, call.written) for call in self.calls]
        if self.role is Role.TOOL:
            made |= {"tool_call_id": self.tool_call_id or "", "name": self.name or ""}
        return made

    @property
    def held(self) -> int:
        """About how many bytes it takes in memory, and as many as UTF-8 takes at least; media on disk take none."""
        texts = [self.text, *(call.written for call in self.calls)]
        media = sum(0 if isinstance(getattr(each, "data", None), MediaFile) else each.size_bytes for each in self.media)
        return media + sum(map(text_weight, texts)) + MESSAGE_BYTES
