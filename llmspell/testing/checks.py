"""What is wrong with a request, as OpenAI would say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmspell.testing.answers import Failure
from llmspell.testing.endpoints import CHAT, IMAGES, fields_of
from llmspell.testing.failures import NO_KEY, unknown_model, wrong_key
from llmspell.testing.request import Request

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_FORMATS = ("text", "json_object", "json_schema")


def key_objection(request: Request, key: str | None) -> Failure | None:
    """The refusal of the request's key; None when it is `key`, or none is wanted."""
    if key is None or request.key == key:
        return None
    return wrong_key(request.key) if request.key else NO_KEY


def objection(request: Request, models: Sequence[str]) -> Failure | None:
    """The refusal of a POST; None when there is nothing to object to. Without `models` every model is there."""
    fields = fields_of(request)
    if not isinstance(fields, dict):
        return Failure(400, "We could not parse the JSON body of your request.")
    model = fields.get("model")
    if request.path != IMAGES and not isinstance(model, str):
        return Failure(400, "you must provide a model parameter")
    if models and model is not None and model not in models:
        return unknown_model(str(model))
    reason = _chat_objection(fields) if request.path == CHAT else None
    return None if reason is None else Failure(400, reason)


def _chat_objection(fields: dict[str, Any]) -> str | None:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        return "Missing required parameter: 'messages'."
    for at, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return f"Invalid value for 'messages[{at}].role': supported values are {', '.join(_ROLES)}."
    if fields.get("stream_options") is not None and fields.get("stream") is not True:
        return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    wanted = fields.get("response_format")
    if wanted is not None and (not isinstance(wanted, dict) or wanted.get("type") not in _FORMATS):
        return f"Invalid value for 'response_format.type': supported values are {', '.join(_FORMATS)}."
    return _tools_objection(fields.get("tools"))


def _tools_objection(tools: object) -> str | None:
    if tools is None:
        return None
    if not isinstance(tools, list):
        return "Invalid type for 'tools': expected a list."
    for at, tool in enumerate(tools):
        match tool:
            case {"type": "function", "function": {"name": str()}}:
                pass
            case _:
                return f"Missing required parameter: 'tools[{at}].function.name'."
    return None
