"""A model call in the form in which litellm takes it: messages, tools, the wanted form of the answer, media.

This file keeps the rules that media are bounded before a byte of them is read, that what a script's data holds beside
the known fields of a message is not sent, and that a path is opened only as a `MediaFile` that somebody granted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import MIB, format_size
from llmspell.providers import litellm_whole
from llmspell.providers.model_table import ModelFacts
from llmspell.providers.provider import ModelRequest, ToolOffer, ToolRequest
from llmspell.types.media import AudioContent, BinaryContent, ImageContent, MediaContent, TextContent, VideoContent
from llmspell.types.media_file import MediaFile
from llmspell.types.reading import MalformedError
from llmspell.utils.files import FileError

MEDIA_CAP = 16 * MIB
"""The most media that one call carries, in bytes: in base64 they take a third more, and services take 20 MB."""

SPEECH = {"voice": "alloy", "format": "wav"}
STREAMED_SPEECH = {"voice": "alloy", "format": "pcm16"}
"""How sound is asked for: a stream is cut anywhere, which only bare samples survive."""


def arguments_for(
    request: ModelRequest, facts: ModelFacts | None, *, ask_whole: object, streams: bool
) -> dict[str, Any]:
    """The arguments that say what is asked, of the way in which it is asked. Raises CallError (`validation`)."""
    if ask_whole is litellm_whole.images:
        is_asked = facts is not None and "dall-e" in request.model  # all others give bytes, or refuse the word
        return {"prompt": last_text(request), "response_format": "b64_json" if is_asked else None}
    if ask_whole is litellm_whole.speech:
        return {"input": last_text(request), "voice": SPEECH["voice"], "response_format": SPEECH["format"]}
    return _chat_arguments(request, facts, streams=streams)


def _chat_arguments(request: ModelRequest, facts: ModelFacts | None, *, streams: bool) -> dict[str, Any]:
    check_media(request)
    arguments: dict[str, Any] = {
        "messages": [_message(message) for message in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
    }
    if request.tools:
        arguments["tools"] = [_offer(tool) for tool in request.tools]
        arguments["tool_choice"] = _choice(request.tool_choice)
        arguments["_skip_mcp_handler"] = True  # else litellm loads its MCP gateway, and fails without the mcp package
    if request.answer_schema is not None:
        arguments["response_format"] = _answer_format(request.answer_schema, facts)
    if request.modalities != ("text",) and request.modalities:
        arguments["modalities"] = sorted({"text", *request.modalities}, reverse=True)
        if "audio" in request.modalities:
            arguments["audio"] = STREAMED_SPEECH if streams else SPEECH
    if streams:
        arguments |= {"stream": True, "stream_options": {"include_usage": True}}
    return {name: value for name, value in arguments.items() if value is not None}


def last_text(request: ModelRequest) -> str:
    """The text of the last message of the user: what a model is asked that takes one text."""
    for message in reversed(request.messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    return ""


def check_media(request: ModelRequest) -> None:
    """Raises CallError (`validation`) for media over a limit, before any of them is read."""
    total = 0
    for at, message in enumerate(request.messages):
        for part in _parts(message.get("content")):
            if isinstance(part, (str, TextContent)):
                continue
            if not isinstance(part, MediaContent):
                raise _refused(f"messages[{at}] holds {type(part).__name__}: write text or media")
            try:
                part.validate_size()
            except MalformedError as error:
                raise _refused(error.message) from None
            total += part.size_bytes
    if total > MEDIA_CAP:
        raise _refused(
            f"the media of this call are {format_size(total)}, and at most {format_size(MEDIA_CAP)} are sent with one "
            "call; send less, or smaller ones"
        )


def _refused(message: str) -> CallError:
    return CallError(ErrorKind.VALIDATION, message, {"retryable": False, "status": None})


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    role = str(message.get("role", "user"))
    content = message.get("content")
    made: dict[str, Any] = {"role": role, "content": _content(content)}
    calls = message.get("tool_calls")
    if role == "assistant" and calls:
        made["tool_calls"] = [_asked(call) for call in calls]
        made["content"] = made["content"] or None
    if role == "tool":
        made |= {"content": _text(content), "tool_call_id": str(message.get("tool_call_id", ""))}
        if message.get("name"):
            made["name"] = str(message["name"])
    return made


def _content(content: Any) -> Any:
    parts = _parts(content)
    if all(isinstance(part, (str, TextContent)) for part in parts):
        return _text(content)
    return [_part(part) for part in parts]


def _parts(content: Any) -> Sequence[Any]:
    if content is None:
        return ()
    return content if isinstance(content, (list, tuple)) else (content,)


def _text(content: Any) -> str:
    texts = (part.text if isinstance(part, TextContent) else part for part in _parts(content))
    return "\n".join(text for text in texts if isinstance(text, str))


def _part(part: str | MediaContent) -> dict[str, Any]:
    match part:
        case str():
            return {"type": "text", "text": part}
        case TextContent():
            return {"type": "text", "text": part.text}
        case ImageContent():
            return {"type": "image_url", "image_url": {"url": _url(part.data, part.mime_type)}}
        case AudioContent():
            return {"type": "input_audio", "input_audio": {"data": _base64(part.data), "format": part.format.value}}
        case VideoContent():
            return {"type": "file", "file": {"file_data": _url(part.data, part.mime_type)}}
        case BinaryContent():
            file = {"file_data": _url(part.data, part.mime_type), "filename": part.filename or "file"}
            return {"type": "file", "file": file}
        case _:
            raise _refused(f"media of the type {type(part).__name__} cannot be sent")


def _url(data: bytes | MediaFile, mime_type: str) -> str:
    return f"data:{mime_type};base64,{_base64(data)}"


def _base64(data: bytes | MediaFile) -> str:
    if isinstance(data, bytes):
        return base64.b64encode(data).decode("ascii")
    try:
        return b"".join(data.base64_pieces()).decode("ascii")
    except FileError as error:
        raise _refused(str(error)) from None


def _asked(call: ToolRequest) -> dict[str, Any]:
    # What was no JSON object is not sent back as one: several services refuse the whole conversation for it.
    written = "{}" if call.arguments is None else call.written
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": written}}


def _offer(tool: ToolOffer) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)}
    return {"type": "function", "function": function}


def _choice(choice: str | None) -> Any:
    if choice is None or choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _answer_format(schema: Mapping[str, Any], facts: ModelFacts | None) -> dict[str, Any] | None:
    """By schema, but for a model that is known to take none: its answer is checked all the same."""
    if facts is not None and not facts.structured_output:
        return None
    form = {"name": "answer", "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether every object of the schema closes itself and requires all it names: services ask that of a strict one."""
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError, RecursionError):
        return False
    found: list[Any] = [json.loads(text)]
    while found:
        each = found.pop()
        if isinstance(each, list):
            found += each
        if not isinstance(each, dict):
            continue
        if each.get("type") == "object" and not _is_closed(each):
            return False
        found += each.values()
    return True


def _is_closed(schema: Mapping[str, Any]) -> bool:
    named: Iterable[str] = schema.get("properties") or {}
    required = schema.get("required")
    return schema.get("additionalProperties") is False and isinstance(required, list) and set(named) == set(required)
