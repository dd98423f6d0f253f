"""Values of every type, to draw from and to change."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from llmspell.types import (
    AgentChunk,
    AgentInput,
    AgentOutput,
    AudioContent,
    AudioFormat,
    AudioMetadata,
    BinaryContent,
    ChunkMetadata,
    ColorSpace,
    ControlChunk,
    CustomControl,
    Heartbeat,
    ImageContent,
    ImageFormat,
    ImageMetadata,
    MediaChunk,
    MediaFile,
    MediaType,
    OutputMetadata,
    RateLimit,
    ReasoningStep,
    StreamCancelled,
    StreamEnd,
    StreamStart,
    TextChunk,
    TextContent,
    ToolCall,
    ToolCallComplete,
    ToolCallProgress,
    ToolOutput,
    VideoContent,
    VideoFormat,
    VideoMetadata,
)
from tests.wire.examples import maps, texts, uints, values


def found(path: str) -> MediaFile:
    """The file that is said to be at `path`, with a size of its own; nothing looks on the disk."""
    return MediaFile(path, sum(path.encode()))


moments = st.datetimes(timezones=st.just(UTC))
amounts = st.floats(0, allow_infinity=False)
text_maps = st.dictionaries(texts, texts, max_size=3)
maybe_text = st.none() | texts
maybe_whole = st.none() | uints
data = st.binary(max_size=30) | texts.map(lambda name: found(f"/media/{name}"))

control = st.one_of(
    st.builds(StreamStart, maybe_whole, text_maps),
    st.builds(StreamEnd, total_chunks=uints, total_tokens=maybe_whole, duration_ms=amounts),
    st.builds(StreamCancelled, texts),
    st.builds(Heartbeat),
    st.builds(RateLimit, uints, moments),
    st.builds(CustomControl, texts, text_maps),
)
image_metadata = st.builds(
    ImageMetadata,
    width=uints, height=uints, color_space=st.sampled_from(ColorSpace), has_transparency=st.booleans(), dpi=maybe_whole,
)  # fmt: skip
audio_metadata = st.builds(AudioMetadata, duration_ms=uints, sample_rate=uints, channels=uints, bitrate=maybe_whole)
video_metadata = st.builds(
    VideoMetadata, duration_ms=uints, width=uints, height=uints, fps=amounts, codec=maybe_text
)  # fmt: skip
media = st.one_of(
    st.builds(TextContent, texts),
    st.builds(ImageContent, data, st.sampled_from(ImageFormat), st.none() | image_metadata),
    st.builds(AudioContent, data, st.sampled_from(AudioFormat), st.none() | audio_metadata),
    st.builds(VideoContent, data, st.sampled_from(VideoFormat), st.none() | video_metadata),
    st.builds(BinaryContent, data, texts, maybe_text),
)
tool_outputs = st.builds(ToolOutput, st.booleans(), values, maybe_text, st.none() | amounts)
tool_calls = st.builds(ToolCall, texts, texts, maps, st.none() | tool_outputs)
figures = st.builds(
    OutputMetadata,
    model=maybe_text, token_count=maybe_whole, prompt_tokens=maybe_whole, completion_tokens=maybe_whole,
    cost_usd=st.none() | amounts, execution_time_ms=st.none() | amounts, finish_reason=maybe_text,
    confidence=st.none() | st.floats(0, 1), extra=maps,
)  # fmt: skip
modalities = st.lists(st.sampled_from(MediaType), min_size=1, max_size=3).map(tuple)
media_lists = st.lists(media, max_size=3).map(tuple)
inputs = st.builds(AgentInput, texts, media=media_lists, parameters=maps, output_modalities=modalities)
outputs = st.builds(
    AgentOutput,
    texts, media=media_lists, tool_calls=st.lists(tool_calls, max_size=2).map(tuple), metadata=figures,
    transfer_to=maybe_text, value=values,
)  # fmt: skip
steps = st.builds(ReasoningStep, texts, uints, text_maps)
contents = st.one_of(
    st.builds(TextChunk, texts),
    st.builds(ToolCallProgress, texts, texts, texts),
    st.builds(ToolCallComplete, texts, texts, texts),
    st.builds(MediaChunk, media, maybe_text),
    st.builds(ControlChunk, control),
)
chunk_metadata = st.builds(
    ChunkMetadata, is_final=st.booleans(), token_count=maybe_whole, model=maybe_text, reasoning_step=st.none() | steps
)
chunks = st.builds(AgentChunk, texts, uints, contents, metadata=chunk_metadata, timestamp=moments)

EVERY: dict[str, st.SearchStrategy[Any]] = {
    "control": control,
    "image_metadata": image_metadata,
    "audio_metadata": audio_metadata,
    "video_metadata": video_metadata,
    "media": media,
    "tool_output": tool_outputs,
    "tool_call": tool_calls,
    "output_metadata": figures,
    "agent_input": inputs,
    "agent_output": outputs,
    "reasoning_step": steps,
    "chunk_content": contents,
    "chunk_metadata": chunk_metadata,
    "agent_chunk": chunks,
}
every = st.one_of(list(EVERY.values()))
