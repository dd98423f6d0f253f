"""Whole answers of litellm: of models that chat, of those that make images, of those that speak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmspell.errors import ErrorKind
from llmspell.providers.answer_media import UnreadMediaError, image_of, sound_of
from llmspell.providers.asked_tools import AskedTools, part
from llmspell.providers.litellm_call import Answered, Call
from llmspell.providers.provider import Completion
from llmspell.types.formats import AudioFormat
from llmspell.types.media import AudioContent, MediaContent

Ask = Callable[[Call], Completion]


def chat(call: Call) -> Completion:
    """The answer of a model that chats."""
    response = call.litellm.completion(**call.arguments)
    choice = response.choices[0]
    message = choice.message
    text = call.checked(message.content or "", 0)
    size = len(text)
    tools = None
    for at, piece in enumerate(getattr(message, "tool_calls", None) or ()):
        tools = tools or AskedTools()
        size += len(call.add_tool(tools, piece, size, at=at).written)
    media = read_images(call, message)
    audio = getattr(message, "audio", None)
    if audio is not None:
        form = part(call.arguments.get("audio"), "format") or "wav"
        media = (*media, _sound(call, part(audio, "data"), form))
        text = text or call.checked(part(audio, "transcript"), size)
    return call.completion(
        Answered(
            text=text,
            finish_reason=choice.finish_reason,
            usage=getattr(response, "usage", None),
            tools=tools,
            media=media,
            refusal=call.checked(refusal_of(message), size),
            cost=_cost_of(response),
        )
    )


def images(call: Call) -> Completion:
    """The answer of a model that makes images."""
    response = call.litellm.image_generation(**call.arguments)
    media = tuple(_image(call, item) for item in response.data or ())
    if not media:
        raise call.asked.error(ErrorKind.PROVIDER, "its answer holds no image")
    return _made(call, media, response)


def speech(call: Call) -> Completion:
    """The answer of a model that speaks a text."""
    response = call.litellm.speech(**call.arguments)
    return _made(call, (AudioContent(response.content, AudioFormat.WAV),), response)


def read_images(call: Call, message: Any) -> tuple[MediaContent, ...]:
    """The images of a message or of a chunk of one."""
    return tuple(_image(call, item) for item in getattr(message, "images", None) or ())


def refusal_of(message: Any) -> object:
    """Why a model would not answer, in its own words, or None."""
    own = getattr(message, "refusal", None)
    return own or part(getattr(message, "provider_specific_fields", None), "refusal")


def _made(call: Call, media: tuple[MediaContent, ...], response: Any) -> Completion:
    usage = getattr(response, "usage", None)
    counted = {"prompt_tokens": part(usage, "input_tokens"), "completion_tokens": part(usage, "output_tokens")}
    made = call.completion(Answered("", "stop", counted, media=media, cost=_cost_of(response)))
    # The list has prices by image, by second or by character; only litellm's own sum is right.
    return made if call.prices or _cost_of(response) else made._replace(cost_usd=None)


def _image(call: Call, item: Any) -> MediaContent:
    try:
        return image_of(item)
    except UnreadMediaError as error:
        raise call.asked.error(ErrorKind.PROVIDER, f"{error}, so it was dropped") from None


def _sound(call: Call, encoded: object, form: str) -> MediaContent:
    try:
        return sound_of(encoded if isinstance(encoded, str) else "", form)
    except ValueError as error:
        raise call.asked.error(ErrorKind.PROVIDER, f"{error}, so it was dropped") from None


def _cost_of(response: Any) -> object:
    """What litellm reckons that the answer costs."""
    return part(getattr(response, "_hidden_params", None), "response_cost")
