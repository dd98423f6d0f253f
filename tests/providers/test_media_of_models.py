"""Media to models and from them: bytes as they were, files unread until they are sent, limits before any reading."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import MIB
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.litellm_request import MEDIA_CAP
from llmspell.providers.provider import Completion, ModelRequest
from llmspell.testing import Answer, LLMServer, Plain, Usage
from llmspell.testing.media import pixel
from llmspell.types.formats import AudioFormat, ImageFormat, VideoFormat
from llmspell.types.media import AudioContent, BinaryContent, ImageContent, TextContent, VideoContent
from llmspell.types.media_file import MediaFile
from tests.providers.conftest import MakeProvider, ask

STREAMS = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
SAMPLES = bytes(range(256)) * 4


def asking(*content: Any) -> ModelRequest:
    return ModelRequest("m", ({"role": "user", "content": list(content)},))


def answer(provider: LiteLLMProvider, request: ModelRequest, *, streams: bool) -> Completion:
    if not streams:
        return provider.complete(request)
    final = list(provider.stream(request))[-1].final
    assert final is not None
    return final


def test_every_kind_of_media_arrives_as_it_was(server: LLMServer, provider: LiteLLMProvider, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"clip" * 300_000)
    provider.complete(
        asking(
            "what is this?",
            TextContent("a text"),
            ImageContent(pixel(), ImageFormat.PNG),
            AudioContent(SAMPLES, AudioFormat.WAV),
            VideoContent(MediaFile.at(tmp_path / "clip.mp4"), VideoFormat.MP4),
            BinaryContent(b"%PDF", "application/pdf", "a.pdf"),
        )
    )
    request = server.requests[0]
    assert request.last_input == "what is this?\na text"
    assert [(image.media_type, image.data) for image in request.images] == [("image/png", pixel())]
    assert [tuple(sound) for sound in request.sounds] == [("wav", SAMPLES)]
    clip, paper = request.files
    assert (clip.media_type, clip.data) == ("video/mp4", b"clip" * 300_000)
    assert tuple(paper) == ("a.pdf", "application/pdf", b"%PDF")


def test_texts_alone_are_sent_as_one_text(server: LLMServer, provider: LiteLLMProvider) -> None:
    provider.complete(asking("one", TextContent("two")))
    assert server.requests[0].messages[0]["content"] == "one\ntwo"


@STREAMS
@pytest.mark.parametrize(
    ("media", "says"),
    [
        pytest.param(
            [ImageContent(MediaFile("/nowhere.png", 200 * MIB), ImageFormat.PNG)],
            "media is an image of 200 MiB, and at most 100 MiB are taken",
            id="one over its kind's limit",
        ),
        pytest.param(
            [BinaryContent(MediaFile("/nowhere", MEDIA_CAP)), BinaryContent(MediaFile("/nowhere", MIB))],
            "the media of this call are 17 MiB, and at most 16 MiB are sent",
            id="all over the limit of a call",
        ),
        pytest.param([BinaryContent(MediaFile("/nowhere", 3))], "cannot read '/nowhere'", id="a file that is gone"),
        pytest.param([42], "holds int: write text or media", id="no media"),
    ],
)
def test_media_that_cannot_be_sent_are_refused_before_the_call(
    server: LLMServer, provider: LiteLLMProvider, media: list[Any], says: str, streams: bool
) -> None:
    with pytest.raises(CallError) as caught:
        answer(provider, asking("look", *media), streams=streams)
    assert caught.value.kind is ErrorKind.VALIDATION
    assert says in caught.value.message
    assert {name: caught.value.details[name] for name in ("provider", "model", "status", "retryable")} == {
        "provider": "local",
        "model": "m",
        "status": None,
        "retryable": False,
    }
    assert server.requests == []


@STREAMS
def test_images_of_an_answer(server: LLMServer, provider: LiteLLMProvider, streams: bool) -> None:
    server.queue(Answer("here:", images=[pixel(), pixel()]))
    request = ask()._replace(modalities=("text", "image"))
    completion = answer(provider, request, streams=streams)
    assert completion.text == "here:"
    assert completion.media == (ImageContent(pixel(), ImageFormat.PNG),) * 2
    assert server.requests[0].json["modalities"] == ["text", "image"]


def test_an_image_is_a_chunk_of_its_own(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("here:", images=[pixel()]))
    shown = [chunk.media for chunk in provider.stream(ask()) if chunk.media is not None]
    assert shown == [ImageContent(pixel(), ImageFormat.PNG)]


def test_sound_of_a_whole_answer(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("spoken words", sound=b"RIFF of sound"))
    completion = provider.complete(ask()._replace(modalities=("text", "audio")))
    assert completion.text == "spoken words"
    assert completion.media == (AudioContent(b"RIFF of sound", AudioFormat.WAV),)
    assert server.requests[0].json["audio"] == {"voice": "alloy", "format": "wav"}


def test_sound_of_a_stream_becomes_one_file(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("spoken words", sound=SAMPLES))
    completion = answer(provider, ask()._replace(modalities=("text", "audio")), streams=True)
    assert completion.text == "spoken words"
    (sound,) = completion.media
    assert isinstance(sound, AudioContent)
    assert isinstance(sound.data, bytes)
    assert (sound.format, sound.data[:4], sound.data[44:]) == (AudioFormat.WAV, b"RIFF", SAMPLES)
    assert server.requests[0].json["audio"]["format"] == "pcm16"


@STREAMS
def test_a_model_that_makes_images_is_asked_for_one(server: LLMServer, make: MakeProvider, streams: bool) -> None:
    completion = answer(make("openai"), ask("a point", model="gpt-image-1"), streams=streams)
    assert completion.media == (ImageContent(pixel(), ImageFormat.PNG),)
    (request,) = server.requests
    assert (request.path, request.json["prompt"]) == ("/v1/images/generations", "a point")


def test_a_model_that_speaks_is_given_the_text(server: LLMServer, make: MakeProvider) -> None:
    completion = make("openai").complete(ask("good day", model="tts-1"))
    (sound,) = completion.media
    assert isinstance(sound, AudioContent)
    assert sound.format is AudioFormat.WAV
    assert (server.requests[0].path, server.requests[0].json["input"]) == ("/v1/audio/speech", "good day")


@pytest.mark.parametrize(
    "item",
    [{"url": "https://elsewhere/x.png?sig=secret"}, {"b64_json": "no base64!"}],
    ids=["linked", "broken"],
)
def test_an_image_that_is_not_there_is_an_error(
    server: LLMServer, provider: LiteLLMProvider, item: dict[str, str]
) -> None:
    server.answer(Plain({"created": 1, "data": [item]}), path="/v1/images/generations")
    with pytest.raises(CallError, match="so it was dropped") as caught:
        provider.complete(ask()._replace(modalities=("image",)))
    assert "secret" not in caught.value.message


def test_tokens_that_were_cached_are_told(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("x", usage=Usage(100, 1, cached_tokens=64)))
    assert provider.complete(ask()).cached_tokens == 64


def test_base64_of_a_file_is_that_of_its_bytes(server: LLMServer, provider: LiteLLMProvider, tmp_path: Path) -> None:
    whole = bytes(range(256)) * 8_000  # some pieces long, and no multiple of three
    (tmp_path / "whole.png").write_bytes(whole)
    provider.complete(asking(ImageContent(MediaFile.at(tmp_path / "whole.png"), ImageFormat.PNG)))
    assert server.requests[0].images[0].url.endswith(base64.b64encode(whole).decode()[-100:])
    assert server.requests[0].images[0].data == whole
