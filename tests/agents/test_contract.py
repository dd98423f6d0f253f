"""The contract of agents: small ones and the LLM agent keep to it, and ones that break it are found out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from llmspell.agents.base import BaseAgent
from llmspell.agents.config import AgentConfig
from llmspell.agents.contract import QUESTION, AgentCase, BrokenClaimError, check_agent
from llmspell.agents.llm import LLMAgent
from llmspell.agents.tool_box import LocalTools
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import Capabilities
from llmspell.tools.function_tool import FunctionTool
from llmspell.types import (
    AgentChunk,
    AgentInput,
    AgentOutput,
    AgentStream,
    ChunkMetadata,
    ImageContent,
    ImageFormat,
    MediaType,
    TextChunk,
)
from tests.agents.agents import GONE, Painter, Parrot, Stoic, fail
from tests.agents.scripted import Scripted, call, said, wants

CONFIG = AgentConfig("poet", "scripted", "scripted-1", system_prompt="be brief")
TIME = datetime(2026, 1, 31, tzinfo=UTC)


def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


def with_tools() -> LLMAgent:
    steps = [wants(call("double", {"number": 21}), text="let me see"), said("it is 42")]
    return LLMAgent(CONFIG, Scripted(*steps * 3), tools=LocalTools([FunctionTool(double)]))


def with_schema() -> LLMAgent:
    config = CONFIG._replace(answer_schema={"type": "object", "required": ["a"]})
    return LLMAgent(config, Scripted(*[said("not yet"), said('{"a": 1}')] * 3))


def with_media() -> LLMAgent:
    image = ImageContent(b"...", ImageFormat.PNG)
    return LLMAgent(CONFIG, Scripted(said("look", media=(image,)), capabilities=Capabilities(supports_multimodal=True)))


CASES = {
    "parrot": AgentCase(Parrot),
    "painter": AgentCase(Painter, lambda: Painter(words=1)),
    "stoic": AgentCase(lambda: Stoic(lambda: None), lambda: Stoic(fail)),
    "llm-echo": AgentCase(lambda: LLMAgent(CONFIG, EchoProvider()), lambda: LLMAgent(CONFIG, EchoProvider(fail="no"))),
    "llm-tools": AgentCase(with_tools, lambda: LLMAgent(CONFIG, Scripted(GONE))),
    "llm-schema": AgentCase(with_schema),
    "llm-media": AgentCase(with_media),
    "llm-unstreamed": AgentCase(
        lambda: LLMAgent(CONFIG, Scripted(capabilities=Capabilities(supports_streaming=False)))
    ),
}
CLAIMS = [
    pytest.param(claim, case, id=f"{name}-{claim.__name__}")
    for name, case in CASES.items()
    for claim in case.claims(streams=case.make().supports_streaming())
]


@pytest.mark.parametrize(("claim", "case"), CLAIMS)
def test_an_agent_keeps_to(claim: Callable[[AgentCase], None], case: AgentCase) -> None:
    claim(case)


class Streamer(Parrot):
    """Streams the chunks that it is made with."""

    def __init__(self, *chunks: AgentChunk, text: str | None = None) -> None:
        self._chunks = chunks
        self._text = text

    def execute_impl(self, input: AgentInput) -> AgentOutput:
        return AgentOutput(input.text if self._text is None else self._text)

    def stream_impl(self, input: AgentInput) -> AgentStream:  # noqa: ARG002 - it is the interface's
        return AgentStream(iter(self._chunks))


def chunk(index: int, text: str = "", *, is_final: bool = False, stream: str = "s", seconds: int = 0) -> AgentChunk:
    at = TIME + timedelta(seconds=seconds)
    return AgentChunk(stream, index, TextChunk(text), at, ChunkMetadata(is_final=is_final))


class Renamed(Parrot):
    """Has the name that it is made with."""

    def __init__(self, name: str) -> None:
        self.name = name


class Boastful(Parrot):
    """Says that it supports what it is made with."""

    def __init__(self, *kinds: MediaType) -> None:
        self._kinds = kinds

    def supported_media_types(self) -> tuple[MediaType, ...]:
        return self._kinds


class Drawing(Parrot):
    """Draws, and does not say so."""

    def execute_impl(self, input: AgentInput) -> AgentOutput:  # noqa: ARG002 - it is the interface's
        return AgentOutput("", media=(ImageContent(b"...", ImageFormat.PNG),))


class Gullible(Parrot):
    """Takes everything."""

    def validate_input(self, input: AgentInput) -> None: ...


class Evasive(Parrot):
    """Raises another error than it was given."""

    def handle_error(self, error: CallError) -> AgentOutput:  # noqa: ARG002 - it is the interface's
        raise CallError(ErrorKind.TOOL, "not me")


class Mute(Streamer):
    """Streams, and says that it does not."""

    def supports_streaming(self) -> bool:
        return False

    def stream_execute(self, input: AgentInput) -> AgentStream:
        return self.stream_impl(input)


class Tiring(Parrot):
    """Answers once."""

    asked = 0

    def execute_impl(self, input: AgentInput) -> AgentOutput:
        self.asked += 1
        return AgentOutput(input.text if self.asked == 1 else "")


BROKEN: dict[str, tuple[Callable[[], BaseAgent], str]] = {
    "no-name": (lambda: Renamed(""), "its name is ''"),
    "long-name": (lambda: Renamed("n" * 201), "its name is"),
    "unsaid-media": (Drawing, "it answers with image"),
    "no-text": (lambda: Boastful(MediaType.IMAGE), "it does not support text"),
    "twice": (lambda: Boastful(MediaType.TEXT, MediaType.TEXT), "names a kind of media twice"),
    "takes-all": (Gullible, "is taken, and should be refused"),
    "another-error": (Evasive, "another error than it was given"),
    "tired": (Tiring, "what its second answer consists of"),
    "mute": (lambda: Mute(chunk(0, is_final=True)), "it streams, and says that it does not"),
    "no-chunks": (Streamer, "have several stream_ids, or none"),
    "not-from-0": (lambda: Streamer(chunk(1, is_final=True)), "the index of each chunk"),
    "no-final": (lambda: Streamer(chunk(0)), "is_final of each chunk"),
    "two-streams": (lambda: Streamer(chunk(0), chunk(1, stream="t", is_final=True)), "have several stream_ids"),
    "time-travel": (lambda: Streamer(chunk(0, seconds=1), chunk(1, is_final=True)), "older than the one before it"),
    "same-name": (lambda: Streamer(chunk(0, QUESTION.text, is_final=True)), "two streams have the name 's'"),
}


@pytest.mark.parametrize(("make", "why"), BROKEN.values(), ids=BROKEN)
def test_an_agent_that_breaks_the_contract_is_found_out(make: Callable[[], BaseAgent], why: str) -> None:
    with pytest.raises(BrokenClaimError, match=why):
        check_agent(make)


class Counted(Streamer):
    """Streams have names of their own, and what is said differs."""

    streams = 0

    def stream_impl(self, input: AgentInput) -> AgentStream:  # noqa: ARG002 - it is the interface's
        type(self).streams += 1
        return AgentStream(iter([chunk(0, "other", is_final=True, stream=f"s{self.streams}")]))


def test_a_stream_that_says_something_else_is_found_out() -> None:
    with pytest.raises(BrokenClaimError, match="what was streamed"):
        check_agent(Counted)


class Failing(Parrot):
    """Fails with the error that it is made with."""

    def __init__(self, error: CallError) -> None:
        self._error = error

    def execute_impl(self, input: AgentInput) -> AgentOutput:  # noqa: ARG002 - it is the interface's
        raise self._error


def test_a_failure_without_words_or_that_a_stream_swallows_is_found_out() -> None:
    with pytest.raises(BrokenClaimError, match="its error has no message"):
        check_agent(Parrot, make_failing=lambda: Failing(CallError(ErrorKind.TOOL, "")))
    with pytest.raises(BrokenClaimError, match="comes to an end without an error"):
        check_agent(Painter, make_failing=Painter)
