"""The test server's other addresses: models, images, sounds, embeddings."""

from __future__ import annotations

import base64
import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from llmspell.testing import Failure, LLMServer, Plain
from llmspell.testing.endpoints import EMBEDDINGS, IMAGES, SPEECH, TRANSCRIPTIONS
from llmspell.testing.media import pixel
from llmspell.testing.sample import sample
from tests.testing.client import ask, post


def test_models_are_listed_and_shown_one_by_one(llm_server: LLMServer) -> None:
    assert ask(llm_server, "/v1/models").document == {"object": "list", "data": []}
    llm_server.models = ("small", "org/large")
    assert [model["id"] for model in ask(llm_server, "/v1/models").document["data"]] == ["small", "org/large"]
    assert ask(llm_server, "/v1/models/org/large").document["id"] == "org/large"
    assert ask(llm_server, "/v1/models/huge").status == 404


def test_images_are_one_point(llm_server: LLMServer) -> None:
    got = post(llm_server, IMAGES, {"prompt": "a cat", "n": 2})
    images = [base64.b64decode(image["b64_json"]) for image in got.document["data"]]
    assert images == [pixel(), pixel()]
    assert pixel().startswith(b"\x89PNG\r\n\x1a\n")
    linked = post(llm_server, IMAGES, {"prompt": "a cat", "response_format": "url"}).document["data"]
    assert linked[0]["url"].startswith("data:image/png;base64,")
    assert post(llm_server, IMAGES, {"prompt": "a cat", "n": 11}).status == 400
    assert llm_server.requests[0].last_input == "a cat"


def test_speech_is_a_silence(llm_server: LLMServer) -> None:
    got = post(llm_server, SPEECH, {"model": "tts", "input": "hello", "voice": "any", "response_format": "wav"})
    assert got.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(got.body)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (1, 24000, 240)
    assert post(llm_server, SPEECH, {"model": "tts", "input": "hello"}).headers["content-type"] == "audio/mpeg"
    assert post(llm_server, SPEECH, {"model": "tts", "input": "x", "response_format": "midi"}).status == 400


def test_a_transcription_takes_a_form(llm_server: LLMServer) -> None:
    def part(head: str, body: bytes) -> bytes:
        return f"--b\r\ncontent-disposition: form-data; {head}\r\n\r\n".encode() + body + b"\r\n"

    body = part('name="model"', b"whisper") + part('name="file"; filename="a.wav"', b"\x00\xff\r\n12") + b"--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert ask(llm_server, TRANSCRIPTIONS, body, headers=headers).document == {"text": "6 bytes of sound"}
    llm_server.answer("hello there", path=TRANSCRIPTIONS)
    assert ask(llm_server, TRANSCRIPTIONS, body, headers=headers).document == {"text": "hello there"}
    assert ask(llm_server, TRANSCRIPTIONS, b"no form").status == 400


def test_embeddings_are_decided_by_the_text(llm_server: LLMServer) -> None:
    got = post(llm_server, EMBEDDINGS, {"model": "e", "input": ["a b", "c", "a b"], "dimensions": 4}).document
    vectors = [each["embedding"] for each in got["data"]]
    assert vectors[0] == vectors[2] != vectors[1]
    assert [len(vector) for vector in vectors] == [4, 4, 4]
    assert sum(number * number for number in vectors[0]) == pytest.approx(1)
    assert got["usage"] == {"prompt_tokens": 5, "total_tokens": 5}
    packed = post(llm_server, EMBEDDINGS, {"model": "e", "input": "a b", "dimensions": 4, "encoding_format": "base64"})
    unpacked = struct.unpack("<4f", base64.b64decode(packed.document["data"][0]["embedding"]))
    assert list(unpacked) == pytest.approx(vectors[0])


@pytest.mark.parametrize("fields", [{"input": []}, {"input": [1]}, {"input": "a", "dimensions": -1}, {}])
def test_embeddings_of_what_is_no_text_are_refused(llm_server: LLMServer, fields: dict[str, object]) -> None:
    assert post(llm_server, EMBEDDINGS, {"model": "e", **fields}).status == 400


def test_every_address_can_be_scripted(llm_server: LLMServer) -> None:
    llm_server.answer(Failure(503), path=IMAGES)
    llm_server.answer(Plain({"type": "message"}), path="/v1/messages")
    assert post(llm_server, IMAGES, {"prompt": "x"}).status == 503
    assert post(llm_server, "/v1/messages", {}).document == {"type": "message"}


_LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 7},
        {"type": "string", "maxLength": 2},
        {"type": "integer", "minimum": 3},
        {"type": "integer", "exclusiveMinimum": 3},
        {"type": "number", "maximum": -3},
        {"type": "number", "exclusiveMaximum": -3},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["string", "null"]},
        {"enum": ["a", 1]},
        {"const": {"a": 1}},
    ]
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 2)),
        st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=2)),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(
            lambda properties: {"type": "object", "properties": properties, "required": [*properties]}
        ),
    ),
    max_leaves=8,
)


@given(_SCHEMAS)
def test_a_sample_fits_its_schema(schema: dict[str, object]) -> None:
    Draft202012Validator(schema).validate(sample(schema))
    assert sample(schema) == sample(schema)


def test_a_sample_follows_references_and_ends() -> None:
    node = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}
    schema = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    Draft202012Validator(schema).validate(sample(schema))
    assert sample({"$ref": "#/nowhere"}) is None
    assert sample({"properties": {"a": {"default": 5}}}) == {"a": 5}
    assert sample("no schema") is None
