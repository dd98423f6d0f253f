"""Questions and answers: builders, the steps that make another value, and what they consist of."""

from __future__ import annotations

import pytest

from llmspell.types import (
    AgentInput,
    AgentOutput,
    AudioContent,
    AudioFormat,
    ImageContent,
    ImageFormat,
    MediaType,
    OutputMetadata,
    TextContent,
    ToolCall,
    ToolOutput,
)

PHOTO, OTHER = ImageContent(b"1", ImageFormat.PNG), ImageContent(b"2", ImageFormat.GIF)
SOUND = AudioContent(b"3", AudioFormat.OGG)
CALL = ToolCall("call_1", "calculator", {"input": "1+1"})
FIGURES = OutputMetadata(model="echo/echo", token_count=7)


def test_a_builder_and_the_steps_make_the_same_input() -> None:
    built = (
        AgentInput.builder()
        .text("What is it?")
        .add_media(PHOTO, SOUND)
        .add_media(OTHER)
        .parameter("temperature", 0.5)
        .parameter("seed", 7)
        .output_modalities(MediaType.TEXT, MediaType.AUDIO)
        .build()
    )
    assert built == (
        AgentInput("What is it?")
        .with_media(PHOTO, SOUND)
        .with_media(OTHER)
        .with_parameter("temperature", 0.5)
        .with_parameter("seed", 7)
        .with_output_modalities(MediaType.TEXT, MediaType.AUDIO)
    )
    assert built == AgentInput(
        "What is it?",
        media=(PHOTO, SOUND, OTHER),
        parameters={"temperature": 0.5, "seed": 7},
        output_modalities=(MediaType.TEXT, MediaType.AUDIO),
    )


def test_a_builder_and_the_steps_make_the_same_output() -> None:
    built = (
        AgentOutput.builder()
        .text("2")
        .add_media(PHOTO)
        .add_tool_call(CALL)
        .metadata(FIGURES)
        .transfer_to("critic")
        .build()
    )
    assert built == (
        AgentOutput("2").with_media(PHOTO).with_tool_call(CALL).with_metadata(FIGURES).with_transfer("critic")
    )
    assert (built.has_media, built.has_tool_calls, built.is_transfer) == (True, True, True)


def test_what_nobody_set_is_empty() -> None:
    asked, answered = AgentInput.builder().build(), AgentOutput.builder().build()
    assert asked == AgentInput("")
    assert asked.output_modalities == (MediaType.TEXT,)
    assert answered == AgentOutput("")
    assert (answered.has_media, answered.has_tool_calls, answered.is_transfer) == (False, False, False)
    assert asked.has_media is False


def test_a_builder_that_goes_on_does_not_change_what_it_made() -> None:
    builder = AgentInput.builder().text("a").parameter("n", 1)
    first = builder.build()
    second = builder.parameter("n", 2).add_media(PHOTO).build()
    assert (first.parameters, first.media) == ({"n": 1}, ())
    assert (second.parameters, second.media) == ({"n": 2}, (PHOTO,))
    assert first.with_parameter("n", 3) != first
    assert first.parameters == {"n": 1}


@pytest.mark.parametrize("kind", [AgentInput, AgentOutput])
def test_media_are_found_by_kind_in_their_order(kind: type[AgentInput | AgentOutput]) -> None:
    value = kind("a", media=(PHOTO, SOUND, OTHER, TextContent("b")))
    assert value.get_media_by_type(MediaType.IMAGE) == (PHOTO, OTHER)
    assert value.get_media_by_type(MediaType.TEXT) == (TextContent("b"),)
    assert value.get_media_by_type(MediaType.VIDEO) == ()
    assert value.modalities == (MediaType.TEXT, MediaType.IMAGE, MediaType.AUDIO)


@pytest.mark.parametrize("kind", [AgentInput, AgentOutput])
def test_modalities_are_what_is_there(kind: type[AgentInput | AgentOutput]) -> None:
    assert kind("").modalities == ()
    assert kind("", media=(SOUND,)).modalities == (MediaType.AUDIO,)
    assert kind("", media=(TextContent("a"),)).modalities == (MediaType.TEXT,)


def test_a_call_gets_its_result() -> None:
    done = CALL.with_result(ToolOutput(True, {"text": "2"}, execution_time_ms=0.5))
    assert CALL.result is None
    assert done.to_wire() == {
        "tool_id": "call_1",
        "tool_name": "calculator",
        "parameters": {"input": "1+1"},
        "result": {"success": True, "data": {"text": "2"}, "execution_time_ms": 0.5},
    }


def test_a_script_may_leave_out_what_has_a_default_and_send_empty_tables() -> None:
    assert AgentInput.from_wire({}) == AgentInput("")
    assert AgentInput.from_wire({"text": "a", "media": {}, "output_modalities": {}}) == AgentInput("a")
    assert AgentInput.from_wire({"text": "a", "media": None}) == AgentInput("a")
    assert AgentOutput.from_wire({"text": "a", "tool_calls": {}, "metadata": {}}) == AgentOutput("a")
