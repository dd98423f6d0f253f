"""Input that does not fit is refused with its place, whatever it is, and nothing but MalformedError is raised."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.types import (
    AgentChunk,
    AgentInput,
    AgentOutput,
    ChunkContent,
    ControlMessage,
    ImageContent,
    ImageFormat,
    MalformedError,
    MediaContent,
    MediaFile,
    ToolCallComplete,
    ToolOutput,
)
from llmspell.types.value import Value
from tests.types.samples import every, found
from tests.wire.examples import relaxed, values

CHUNK = {
    "stream_id": "s",
    "chunk_index": 0,
    "content": {"type": "text", "text": "a"},
    "timestamp": "2026-01-31T12:00:00Z",
}
IMAGE = {"type": "image", "data": b"...", "format": "png", "metadata": {"width": 1, "height": 2}}


def changed(value: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**value, **fields}


REFUSED: list[tuple[type[Value], Any, str]] = [
    (AgentInput, "hello", "AgentInput must be a map, not the text 'hello'"),
    (AgentInput, None, "AgentInput must be a map, not nil"),
    (AgentInput, {"text": 1}, "AgentInput.text must be text, not the number 1"),
    (AgentInput, {"txt": "a"}, "AgentInput has no field 'txt'; did you mean text?"),
    (AgentInput, {"zzz": "a"}, "AgentInput has no field 'zzz'; known are text, media, parameters, output_modalities"),
    (AgentInput, {"text": "a", "media": {"a": 1}}, "AgentInput.media must be a list, not a map"),
    (AgentInput, {"text": "a", "media": [b"a"]}, "AgentInput.media[0] must be a map, not 1 bytes"),
    (AgentInput, {"text": "a", "media": [{}]}, "AgentInput.media[0].type is missing"),
    (
        AgentInput,
        {"text": "a", "media": [IMAGE, changed(IMAGE, format="pgn")]},
        "AgentInput.media[1].format must be one of png, jpeg, webp, gif, svg, tiff, not the text 'pgn'; did you",
    ),
    (AgentInput, {"text": "a", "output_modalities": ["smell"]}, "AgentInput.output_modalities[0] must be one of"),
    (AgentInput, {"text": "a", "parameters": []}, "AgentInput.parameters must be a map, not a list"),
    (
        AgentInput,
        {"text": "a", "parameters": {"f": [print]}},
        "AgentInput.parameters.f[0] is a builtin_function_or_method, which cannot travel",
    ),
    (AgentInput, {"text": "a", "parameters": {"n": 2**63}}, "AgentInput.parameters.n is an integer of over 64 bits"),
    (MediaContent, {"type": "imgae"}, "MediaContent.type must be one of text, image, audio, video, binary"),
    (MediaContent, {"type": 1}, "MediaContent.type must be text, not the number 1"),
    (ImageContent, {"type": "text", "text": "a"}, "ImageContent.type must be one of image, not the text 'text'"),
    (MediaContent, changed(IMAGE, data="abc"), "MediaContent.data must be bytes, or a map with path, not the text"),
    (MediaContent, changed(IMAGE, data={}), "MediaContent.data.path is missing"),
    (MediaContent, {"type": "image", "format": "png"}, "MediaContent.data is missing"),
    (MediaContent, changed(IMAGE, metadata={"width": 1}), "MediaContent.metadata.height is missing"),
    (
        MediaContent,
        changed(IMAGE, metadata={"width": 1.5, "height": 1}),
        "MediaContent.metadata.width must be a whole number from 0 on, not the number 1.5",
    ),
    (MediaContent, changed(IMAGE, metadata={"width": -1, "height": 1}), "MediaContent.metadata.width must be a whole"),
    (MediaContent, changed(IMAGE, metadata={"width": True, "height": 1}), "not the boolean true"),
    (MediaContent, changed(IMAGE, metadata={"width": 2.0**63, "height": 1}), "must be a whole number from 0 on"),
    (MediaContent, changed(IMAGE, metadata={"width": 1e301, "height": 1}), "not a huge number"),
    (ToolOutput, {"success": 1}, "ToolOutput.success must be a boolean, not the number 1"),
    (
        ToolOutput,
        {"success": True, "execution_time_ms": float("nan")},
        "ToolOutput.execution_time_ms must be a finite number from 0 on, not the number nan",
    ),
    (ToolOutput, {"success": True, "data": {1: 2}}, "ToolOutput.data has a key that is no text but an int"),
    (
        AgentOutput,
        {"text": "", "metadata": {"confidence": 1.5}},
        "AgentOutput.metadata.confidence must be a number from 0 to 1, not the number 1.5",
    ),
    (
        AgentOutput,
        {"text": "", "tool_calls": [{"tool_id": "1", "tool_name": "a", "result": {}}]},
        "AgentOutput.tool_calls[0].result.success is missing",
    ),
    (AgentChunk, changed(CHUNK, timestamp="noon"), "AgentChunk.timestamp must be a time like"),
    (AgentChunk, changed(CHUNK, timestamp="2026-01-31T12:00:00"), "AgentChunk.timestamp must be a time like"),
    (AgentChunk, changed(CHUNK, timestamp="0001-01-01T00:00:00+23:59"), "AgentChunk.timestamp must be a time like"),
    (AgentChunk, changed(CHUNK, content={"type": "text"}), "AgentChunk.content.text is missing"),
    (
        AgentChunk,
        changed(CHUNK, content={"type": "control", "message": {"type": "hartbeat"}}),
        "heartbeat, rate_limit, custom, not the text 'hartbeat'; did you mean heartbeat?",
    ),
    (AgentChunk, changed(CHUNK, content={"type": "text", "text": "a", "data": 1}), "AgentChunk.content has no field"),
    (ControlMessage, {"type": "stream_start", "config": {"a": 1}}, "ControlMessage.config.a must be text"),
    (ChunkContent, {"type": "media", "media": IMAGE, "caption": b""}, "ChunkContent.caption must be text, not 0 bytes"),
]


@pytest.mark.parametrize(("kind", "value", "said"), REFUSED, ids=[said[:60] for _, _, said in REFUSED])
def test_a_malformed_value_is_refused_with_its_place(kind: type[Value], value: Any, said: str) -> None:
    with pytest.raises(MalformedError) as raised:
        kind.from_wire(value)
    assert said in str(raised.value)
    assert raised.value.kind is ErrorKind.VALIDATION
    assert raised.value.details == {"field": raised.value.place}


@relaxed
@given(every, values)
def test_any_value_is_one_of_the_type_or_refused(value: Value, other: Any) -> None:
    with suppress(MalformedError):
        type(value).from_wire(other, open_file=found)


@relaxed
@given(every, values, st.data())
def test_a_value_with_one_part_replaced_is_of_the_type_or_refused_at_that_place(
    value: Value, junk: Any, data: st.DataObject
) -> None:
    wired = copy.deepcopy(value.to_wire())
    place: Any = wired
    while True:
        key = data.draw(st.sampled_from(sorted(place))) if isinstance(place, dict) and place else None
        if key is None:
            return
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = junk
        break
    try:
        back = type(value).from_wire(wired, open_file=found)
    except MalformedError as error:
        assert error.place.startswith(type(value).__name__)  # noqa: PT017 - it may be raised, or not
    else:
        assert type(back).from_wire(back.to_wire(), open_file=found).to_wire().keys() == back.to_wire().keys()


@relaxed
@given(every, st.text(max_size=40) | st.text('{}[]":,$bytesmap01. ', max_size=40))
def test_any_text_is_a_value_in_json_or_refused(value: Value, text: str) -> None:
    with suppress(MalformedError):
        type(value).from_json(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"text": ', "AgentInput is no JSON: expecting value (line 1, column 10)"),
        ('{"text": "a", "text": "b"}', "AgentInput is no JSON: the key 'text' stands twice in one map"),
        ('{"parameters": {"a": NaN}}', "AgentInput is no JSON: it has no NaN"),
        ('{"parameters": {"a": {"$bytes": "?"}}}', "AgentInput.parameters.a marks $bytes and does not hold one"),
        ('{"parameters": {"a": [{"$float": "1"}]}}', "AgentInput.parameters.a[0] marks $float and does not hold one"),
        ('{"parameters": {"a": {"$map": 1}}}', "AgentInput.parameters.a marks $map and does not hold one"),
        ('{"parameters": {"a": 9223372036854775808}}', "AgentInput.parameters.a is an integer of over 64 bits"),
        ('{"text": "\\ud800"}', "AgentInput.text is text that is no valid Unicode"),
        ('{"parameters": ' + '{"a":' * 60 + "1" + "}" * 61, "is nested deeper than 48 levels"),
        ('{"parameters": ' + "[" * 100_000, "is nested too deeply"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_json_that_holds_no_value_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(MalformedError) as raised:
        AgentInput.from_json(text)
    assert said in str(raised.value)


def test_an_error_never_shows_much_of_the_input() -> None:
    with pytest.raises(MalformedError) as raised:
        AgentInput.from_wire({"text": "a", "parameters": {"k" * 50_000: {"b": print}}})
    assert len(str(raised.value)) < 500
    with pytest.raises(MalformedError) as raised:
        MediaContent.from_wire({"type": "x" * 50_000})
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("give", ["to_wire", "to_json"])
def test_what_cannot_travel_is_refused_on_the_way_out_too(give: str) -> None:
    with pytest.raises(MalformedError, match=r"^AgentInput.parameters.f is a builtin_function_or_method"):
        getattr(AgentInput("a", parameters={"f": print}), give)()


def test_a_path_is_refused_unless_somebody_decides_about_it() -> None:
    wired = changed(IMAGE, data={"path": "/etc/passwd"})
    with pytest.raises(MalformedError, match=r"MediaContent.data names a file by path, and only bytes are taken here"):
        MediaContent.from_wire(wired)

    def refuse(path: str) -> MediaFile:
        raise CallError(ErrorKind.DENIED, f"{path} is not granted")

    with pytest.raises(CallError, match="/etc/passwd is not granted") as raised:
        AgentInput.from_wire({"text": "a", "media": [wired]}, open_file=refuse)
    assert raised.value.kind is ErrorKind.DENIED


def test_a_file_that_is_not_there_or_has_another_size_is_refused() -> None:
    wired = changed(IMAGE, data={"path": "/nowhere.png"})
    with pytest.raises(MalformedError, match=r"MediaContent.data.path names a file .*: no such file"):
        MediaContent.from_wire(wired, open_file=MediaFile.at)
    wired = changed(IMAGE, data={"path": "/media/a", "size": 1})
    with pytest.raises(MalformedError, match=r"MediaContent.data.size is 1, and the file has \d+ bytes"):
        MediaContent.from_wire(wired, open_file=found)
    assert MediaContent.from_wire(changed(IMAGE, data={"path": "/media/a"}), open_file=found) == ImageContent(
        found("/media/a"), ImageFormat.PNG, MediaContent.from_wire(IMAGE).metadata  # type: ignore[attr-defined]
    )  # fmt: skip


@pytest.mark.parametrize("arguments", ["[1]", "1", '{"a": 1', "{'a': 1}"])
def test_arguments_that_are_no_json_map_are_refused(arguments: str) -> None:
    with pytest.raises(MalformedError, match=r"^ToolCallComplete.arguments (is no JSON|must be a map)"):
        ToolCallComplete("1", "calculator", arguments).tool_call()
