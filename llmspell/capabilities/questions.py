"""What a script asks an agent, and what it is answered: values of the wire on one side, an agent's own on the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.capabilities.agent_config import read_schema, refuse
from llmspell.capabilities.arguments import invalid, kind_of, mapping, only
from llmspell.capabilities.media import read_media
from llmspell.types.agent_io import AgentInput, AgentOutput
from llmspell.types.control import ANSWER_RESTARTS, CustomControl
from llmspell.types.formats import MediaType
from llmspell.types.streaming import (
    AgentChunk,
    ControlChunk,
    MediaChunk,
    TextChunk,
    ToolCallComplete,
    ToolCallProgress,
)

PARAMETERS = ["temperature", "max_tokens", "answer_schema", "response_format", "tool_choice"]


def read_question(given: Any, *, granted: tuple[str, ...], of: str) -> AgentInput:
    """The question in a script's words: text, or a map. Raises CallError: `validation`, or `denied` for what no script
    may set and for media by a path that is not granted."""
    if type(given) is str:
        return AgentInput(given)
    if type(given) is not dict:
        raise invalid(f"{of} needs text, or a table with text, not {kind_of(given)}")
    refuse(given, of=of)
    only(given, ["text", "parameters", "output_modalities", "media"], of=of)
    text = given.get("text")
    media = read_media(given.get("media"), granted, of=of)
    if type(text) is not str and not (text is None and media):
        raise invalid(f"{of}: text must be text, not {kind_of(text)}")
    return AgentInput(
        text or "",
        media=media,
        parameters=_parameters(mapping(given, "parameters", of=of), of=f"{of}: parameters"),
        output_modalities=_modalities(given.get("output_modalities"), of=of),
    )


def show_answer(answer: AgentOutput) -> dict[str, Any]:
    """A whole answer as a script sees it."""
    shown: dict[str, Any] = {
        "text": answer.text,
        "content": answer.text,
        "media": [media.to_wire() for media in answer.media],
        "tool_calls": [call.to_wire() for call in answer.tool_calls],
        "metadata": _metadata(answer),
    }
    if answer.value is not None:
        shown["value"] = answer.value
    return shown


def show_chunk(chunk: AgentChunk, answer: AgentOutput | None) -> dict[str, Any]:
    """A piece of an answer as a script sees it. `answer` is the whole one, with the last piece."""
    shown: dict[str, Any] = {"text": "", "index": chunk.chunk_index, "is_final": chunk.metadata.is_final}
    match chunk.content:
        case TextChunk(text):
            shown["text"] = text
        case ToolCallProgress(call_id, name, written):
            shown["tool_call"] = {"id": call_id, "name": name, "written": written, "complete": False}
        case ToolCallComplete(call_id, name, written):
            shown["tool_call"] = {"id": call_id, "name": name, "written": written, "complete": True}
        case MediaChunk(media):
            shown["media"] = [media.to_wire()]
        case ControlChunk(CustomControl(name, facts)) if name == ANSWER_RESTARTS:
            shown["restarts"] = facts.get("why", "")
    if chunk.metadata.is_final and answer is not None:
        whole = show_answer(answer)
        shown["metadata"] = whole["metadata"]
        shown["tool_calls"] = whole["tool_calls"]
        if "value" in whole:
            shown["value"] = whole["value"]
    return shown


def _parameters(given: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    refuse(given, of=of)
    if given.get("base_url") is not None:
        refuse({"host": None}, of=of)
    only(given, PARAMETERS, of=of)
    made = {key: value for key, value in given.items() if key != "response_format" and value is not None}
    schema = read_schema(given, of=of)
    return made if schema is None else {**made, "answer_schema": schema}


def _modalities(given: Any, *, of: str) -> tuple[MediaType, ...]:
    if given is None or given == {}:
        return (MediaType.TEXT,)
    known = [kind.value for kind in MediaType]
    if (
        type(given) is not list
        or len(given) > len(known)
        or not all(type(one) is str and one in known for one in given)
    ):
        raise invalid(f"{of}: output_modalities must be a list of {', '.join(known)}, not {kind_of(given)}")
    return tuple(dict.fromkeys(map(MediaType, given)))


def _metadata(answer: AgentOutput) -> dict[str, Any]:
    """The figures of an answer as a script sees them."""
    figures = answer.metadata
    return {
        "model": figures.model,
        "token_count": figures.token_count,
        "prompt_tokens": figures.prompt_tokens,
        "completion_tokens": figures.completion_tokens,
        "cost_usd": figures.cost_usd,
        "execution_time_ms": figures.execution_time_ms,
        "finish_reason": figures.finish_reason,
        **figures.extra,
    }
