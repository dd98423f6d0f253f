"""The documents of the OpenAI protocol: whole answers, chunks, what stands in both.

This file keeps the rule that nothing in a document is random or of the clock: same request, same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from llmspell.testing.answers import Answer, ToolCall, Usage
from llmspell.testing.request import Request, text_of

CREATED = 1_700_000_000
"""When every answer was made, in seconds since 1970."""

IMAGE_TOKENS = 85
"""What an image counts for: OpenAI's price of one in low detail."""


def to_bytes(document: object) -> bytes:
    """The document as compact JSON in UTF-8. Where half of a surrogate pair is in it, escapes are used instead."""
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":")).encode()


def completion(answer: Answer, request: Request) -> dict[str, Any]:
    """The whole answer."""
    calls = [_tool_call(call, at) for at, call in enumerate(answer.tool_calls)]
    message: dict[str, Any] = {"role": "assistant", "content": answer.whole_text, "refusal": answer.refusal}
    if answer.images:
        message["images"] = [image_part(image, at) for at, image in enumerate(answer.images)]
    if answer.sound is not None:
        message |= {"audio": {**_audio(answer.sound), "transcript": answer.whole_text}, "content": None}
    if calls:
        message |= {"tool_calls": calls, "content": answer.whole_text or None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(answer)}
    document = {**_head("chat.completion", request), "choices": [choice]}
    if answer.reports_usage is not False:
        document["usage"] = usage(answer, request)
    return document


def chunk(request: Request, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """One chunk of a stream."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**_head("chat.completion.chunk", request), "choices": [choice]}


def usage_chunk(answer: Answer, request: Request) -> dict[str, Any]:
    """The chunk with the figures."""
    return {**_head("chat.completion.chunk", request), "choices": [], "usage": usage(answer, request)}


def tool_call_deltas(answer: Answer) -> list[dict[str, Any]]:
    """The calls of tools as a stream has them: the name first, then the arguments piece by piece."""
    deltas = []
    for at, call in enumerate(answer.tool_calls):
        whole = _tool_call(call, at)
        arguments = whole["function"]["arguments"]
        first = {**whole, "index": at, "function": {"name": call.name, "arguments": ""}}
        deltas.append({"tool_calls": [first]})
        for begin in range(0, len(arguments), call.piece_size):
            piece = arguments[begin : begin + call.piece_size]
            deltas.append({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
    return deltas


def media_deltas(answer: Answer) -> list[dict[str, Any]]:
    """The images and the sound as a stream has them: an image whole, a sound in two halves, then its words."""
    deltas: list[dict[str, Any]] = [{"images": [image_part(image, at)]} for at, image in enumerate(answer.images)]
    if answer.sound is not None:
        half = len(answer.sound) // 2
        deltas += [{"audio": _audio(part)} for part in (answer.sound[:half], answer.sound[half:])]
        deltas.append({"audio": {"id": "audio_llmspell", "transcript": answer.whole_text}})
    return deltas


def image_part(image: bytes, at: int) -> dict[str, Any]:
    """An image in an answer, as services send it that make them in a conversation."""
    url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return {"type": "image_url", "index": at, "image_url": {"url": url}}


def finish_reason(answer: Answer) -> str:
    """Why the answer ends."""
    return answer.finish_reason or ("tool_calls" if answer.tool_calls else "stop")


def usage(answer: Answer, request: Request) -> dict[str, Any]:
    """The figures: those of the answer, or the words between blanks."""
    counted = answer.usage or Usage(
        sum(len(text_of(each).split()) for each in request.messages) + IMAGE_TOKENS * len(request.images),
        len(answer.whole_text.split()) + sum(len(_arguments(call).split()) for call in answer.tool_calls),
    )
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
        **({"prompt_tokens_details": {"cached_tokens": counted.cached_tokens}} if counted.cached_tokens else {}),
    }


def digest(*parts: object) -> str:
    """A short name for what it is made from."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]


def _head(kind: str, request: Request) -> dict[str, Any]:
    name = hashlib.sha256(request.body).hexdigest()[:16]
    return {
        "id": f"chatcmpl-{name}",
        "object": kind,
        "created": CREATED,
        "model": request.model,
        "service_tier": "default",
        "system_fingerprint": "fp_llmspell",
    }


def _audio(sound: bytes) -> dict[str, Any]:
    data = base64.b64encode(sound).decode()
    return {"id": "audio_llmspell", "data": data, "expires_at": CREATED + 3600}


def _tool_call(call: ToolCall, at: int) -> dict[str, Any]:
    arguments = _arguments(call)
    name = call.id or f"call_{digest(call.name, arguments, at)}"
    return {"id": name, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _arguments(call: ToolCall) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
