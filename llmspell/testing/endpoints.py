"""The addresses of the server, with what is answered at each by rule when nothing is scripted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from llmspell.testing.answers import Answer, Failure, Plain, Reply
from llmspell.testing.documents import CREATED
from llmspell.testing.embeddings import embeddings
from llmspell.testing.failures import unknown_model
from llmspell.testing.media import form, images, speech
from llmspell.testing.request import Request
from llmspell.testing.sample import sample

CHAT = "/v1/chat/completions"
IMAGES = "/v1/images/generations"
SPEECH = "/v1/audio/speech"
TRANSCRIPTIONS = "/v1/audio/transcriptions"
EMBEDDINGS = "/v1/embeddings"
MODELS = "/v1/models"

POSTED = (CHAT, IMAGES, SPEECH, TRANSCRIPTIONS, EMBEDDINGS)
"""What is asked by POST."""


def fields_of(request: Request) -> Any:
    """The parameters of a request, which are a form where files are sent."""
    return form(request) if request.path == TRANSCRIPTIONS else request.json


def answer_by_rule(request: Request) -> Reply:
    """The answer that nobody scripted, to a request without an objection."""
    fields = fields_of(request)
    if request.path == IMAGES:
        return images(fields)
    if request.path == SPEECH:
        return speech(fields)
    if request.path == EMBEDDINGS:
        return embeddings(fields)
    if request.path == TRANSCRIPTIONS:
        return Answer(f"{len(fields.get('file', b''))} bytes of sound")
    return Answer(_structured(fields) or request.last_input)


def model_list(models: Sequence[str]) -> Plain:
    """All models."""
    return Plain({"object": "list", "data": [_model(name) for name in models]})


def one_model(name: str, models: Sequence[str]) -> Plain | Failure:
    """One model."""
    return Plain(_model(name)) if name in models else unknown_model(name)


def _structured(fields: dict[str, Any]) -> str | None:
    """The smallest answer of the form that is asked for, None when any text will do."""
    wanted = fields.get("response_format")
    match wanted:
        case {"type": "json_object"}:
            return "{}"
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return json.dumps(sample(schema))
        case _:
            return None


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "llmspell"}
