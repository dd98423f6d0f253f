"""What agents are asked, answer and stream: immutable values, with a form for the wire and one for JSON.

The public names, each loaded on first use (PEP 562).
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing: see llmspell/__init__.py
if TYPE_CHECKING:
    from llmspell.types.agent_io import AgentInput, AgentOutput, OutputMetadata, ToolCall, ToolOutput
    from llmspell.types.builders import AgentInputBuilder, AgentOutputBuilder
    from llmspell.types.control import (
        ControlMessage,
        CustomControl,
        Heartbeat,
        RateLimit,
        StreamCancelled,
        StreamEnd,
        StreamStart,
    )
    from llmspell.types.formats import AudioFormat, ColorSpace, ImageFormat, MediaType, VideoFormat
    from llmspell.types.media import AudioContent, BinaryContent, ImageContent, MediaContent, TextContent, VideoContent
    from llmspell.types.media_file import MediaFile
    from llmspell.types.media_metadata import AudioMetadata, ImageMetadata, VideoMetadata
    from llmspell.types.reading import MalformedError
    from llmspell.types.streaming import (
        AgentChunk,
        AgentStream,
        ChunkContent,
        ChunkMetadata,
        ControlChunk,
        MediaChunk,
        ReasoningStep,
        TextChunk,
        ToolCallComplete,
        ToolCallProgress,
    )

_HOMES = {
    "AgentChunk": "streaming",
    "AgentInput": "agent_io",
    "AgentInputBuilder": "builders",
    "AgentOutput": "agent_io",
    "AgentOutputBuilder": "builders",
    "AgentStream": "streaming",
    "AudioContent": "media",
    "AudioFormat": "formats",
    "AudioMetadata": "media_metadata",
    "BinaryContent": "media",
    "ChunkContent": "streaming",
    "ChunkMetadata": "streaming",
    "ColorSpace": "formats",
    "ControlChunk": "streaming",
    "ControlMessage": "control",
    "CustomControl": "control",
    "Heartbeat": "control",
    "ImageContent": "media",
    "ImageFormat": "formats",
    "ImageMetadata": "media_metadata",
    "MalformedError": "reading",
    "MediaChunk": "streaming",
    "MediaContent": "media",
    "MediaFile": "media_file",
    "MediaType": "formats",
    "OutputMetadata": "agent_io",
    "RateLimit": "control",
    "ReasoningStep": "streaming",
    "StreamCancelled": "control",
    "StreamEnd": "control",
    "StreamStart": "control",
    "TextChunk": "streaming",
    "TextContent": "media",
    "ToolCall": "agent_io",
    "ToolCallComplete": "streaming",
    "ToolCallProgress": "streaming",
    "ToolOutput": "agent_io",
    "VideoContent": "media",
    "VideoFormat": "formats",
    "VideoMetadata": "media_metadata",
}

__all__ = [
    "AgentChunk",
    "AgentInput",
    "AgentInputBuilder",
    "AgentOutput",
    "AgentOutputBuilder",
    "AgentStream",
    "AudioContent",
    "AudioFormat",
    "AudioMetadata",
    "BinaryContent",
    "ChunkContent",
    "ChunkMetadata",
    "ColorSpace",
    "ControlChunk",
    "ControlMessage",
    "CustomControl",
    "Heartbeat",
    "ImageContent",
    "ImageFormat",
    "ImageMetadata",
    "MalformedError",
    "MediaChunk",
    "MediaContent",
    "MediaFile",
    "MediaType",
    "OutputMetadata",
    "RateLimit",
    "ReasoningStep",
    "StreamCancelled",
    "StreamEnd",
    "StreamStart",
    "TextChunk",
    "TextContent",
    "ToolCall",
    "ToolCallComplete",
    "ToolCallProgress",
    "ToolOutput",
    "VideoContent",
    "VideoFormat",
    "VideoMetadata",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"llmspell.types.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'llmspell.types' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
