"""What every agent keeps to. A test class of an agent inherits `AgentContract` and says how to make the agent.

    class TestEcho(StreamingAgentContract, FailingAgentContract):
        def make(self) -> BaseAgent: ...
        def make_failing(self) -> BaseAgent: ...

One that streams inherits `StreamingAgentContract`, and one that can be made to fail `FailingAgentContract` too. The
tests ask `QUESTION`, which must get the same answer each time.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from llmspell.agents.base import BaseAgent
from llmspell.errors import CallError, ErrorKind
from llmspell.types import (
    AgentChunk,
    AgentInput,
    AgentOutput,
    AudioContent,
    AudioFormat,
    BinaryContent,
    ImageContent,
    ImageFormat,
    MediaContent,
    MediaFile,
    MediaType,
    TextContent,
    VideoContent,
    VideoFormat,
)
from llmspell_workers.wire import pack

QUESTION = AgentInput("Say something short.")
OF_EACH_KIND: dict[MediaType, MediaContent] = {
    MediaType.TEXT: TextContent("a"),
    MediaType.IMAGE: ImageContent(b"...", ImageFormat.PNG),
    MediaType.AUDIO: AudioContent(b"...", AudioFormat.MP3),
    MediaType.VIDEO: VideoContent(b"...", VideoFormat.MP4),
    MediaType.BINARY: BinaryContent(b"..."),
}


class AgentContract:
    """The claims that hold for all. `make` gives an agent that answers."""

    def make(self) -> BaseAgent:
        raise NotImplementedError

    @pytest.fixture
    def agent(self) -> BaseAgent:
        return self.make()

    def test_it_has_a_name(self, agent: BaseAgent) -> None:
        assert 0 < len(agent.name.encode()) <= 200

    def test_it_answers_with_what_can_travel(self, agent: BaseAgent) -> None:
        answer = agent.execute(QUESTION)
        assert isinstance(answer, AgentOutput)
        pack(answer.to_wire())
        assert AgentOutput.from_json(answer.to_json(), open_file=MediaFile.at) == answer

    def test_it_answers_with_what_it_says_that_it_gives(self, agent: BaseAgent) -> None:
        assert set(agent.execute(QUESTION).modalities) <= set(agent.supported_media_types())

    def test_it_answers_more_than_once(self, agent: BaseAgent) -> None:
        assert agent.execute(QUESTION).modalities == agent.execute(QUESTION).modalities

    def test_it_knows_each_kind_of_media_once_and_text_among_them(self, agent: BaseAgent) -> None:
        kinds = agent.supported_media_types()
        assert MediaType.TEXT in kinds
        assert len(set(kinds)) == len(kinds)
        assert agent.supports_multimodal() == (set(kinds) != {MediaType.TEXT})

    @pytest.mark.parametrize("kind", MediaType)
    def test_media_are_taken_or_refused_as_it_says(self, agent: BaseAgent, kind: MediaType) -> None:
        for question, place in [
            (QUESTION.with_media(OF_EACH_KIND[kind]), "input.media[0]"),
            (QUESTION.with_output_modalities(kind), "input.output_modalities[0]"),
        ]:
            if kind in agent.supported_media_types():
                agent.validate_input(question)
            else:
                for ask in (agent.validate_input, agent.execute):
                    assert _refused(ask, question) == place

    def test_input_without_anything_is_refused(self, agent: BaseAgent) -> None:
        assert _refused(agent.execute, AgentInput("")) == "input.text"

    def test_media_over_their_limit_are_refused(self, agent: BaseAgent) -> None:
        image = ImageContent(MediaFile("/media/huge.png", 1 << 40), ImageFormat.PNG)
        assert _refused(agent.execute, QUESTION.with_media(image)) == "input.media[0]"

    def test_refused_input_leaves_it_as_it_was(self, agent: BaseAgent) -> None:
        _refused(agent.execute, AgentInput(""))
        assert agent.execute(QUESTION).text == self.make().execute(QUESTION).text

    def test_an_error_that_it_does_not_answer_is_raised_as_it_is(self, agent: BaseAgent) -> None:
        error = CallError(ErrorKind.INTERNAL, "a test's own")
        try:
            assert isinstance(agent.handle_error(error), AgentOutput)
        except CallError as raised:
            assert raised is error  # noqa: PT017 - both ways are right

    def test_it_streams_or_says_that_it_does_not(self, agent: BaseAgent) -> None:
        assert agent.supports_streaming() == isinstance(self, StreamingAgentContract)
        if agent.supports_streaming():
            return
        with pytest.raises(CallError, match="does not stream") as raised:
            agent.stream_execute(QUESTION)
        assert raised.value.kind is ErrorKind.VALIDATION


class StreamingAgentContract(AgentContract):
    """The claims about streams."""

    def test_chunks_count_from_0_in_one_stream_and_the_last_alone_is_final(self, agent: BaseAgent) -> None:
        with agent.stream_execute(QUESTION) as stream:
            chunks = list(stream)
        assert [chunk.chunk_index for chunk in chunks] == list(range(len(chunks)))
        assert len({chunk.stream_id for chunk in chunks}) == 1
        assert [chunk.metadata.is_final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        assert all(before.timestamp <= after.timestamp for before, after in pairwise(chunks))

    def test_chunks_can_travel(self, agent: BaseAgent) -> None:
        for chunk in agent.stream_execute(QUESTION):
            pack(chunk.to_wire())
            assert AgentChunk.from_json(chunk.to_json(), open_file=MediaFile.at) == chunk

    def test_two_streams_have_two_names(self, agent: BaseAgent) -> None:
        names = [next(agent.stream_execute(QUESTION)).stream_id for _ in range(2)]
        assert names[0] != names[1]

    def test_a_stream_put_together_is_the_whole_answer(self, agent: BaseAgent) -> None:
        streamed = agent.stream_execute(QUESTION).collect()
        whole = self.make().execute(QUESTION)
        assert (streamed.text, streamed.media, streamed.tool_calls) == (whole.text, whole.media, whole.tool_calls)

    def test_a_stream_may_be_dropped_at_any_moment_and_the_next_one_is_whole(self, agent: BaseAgent) -> None:
        whole = self.make().stream_execute(QUESTION).collect().text
        for read in (0, 1):
            with agent.stream_execute(QUESTION) as stream:
                for _ in range(read):
                    next(stream)
            assert list(stream) == []
        assert agent.stream_execute(QUESTION).collect().text == whole

    def test_input_is_refused_before_a_stream_begins(self, agent: BaseAgent) -> None:
        assert _refused(agent.stream_execute, AgentInput("")) == "input.text"


class FailingAgentContract:
    """The claims about failures. `make_failing` gives an agent whose every answer is a CallError."""

    def make_failing(self) -> BaseAgent:
        raise NotImplementedError

    @pytest.fixture
    def failing(self) -> BaseAgent:
        return self.make_failing()

    def test_a_failure_is_a_call_error_or_an_answer(self, failing: BaseAgent) -> None:
        for _ in range(2):
            try:
                assert isinstance(failing.execute(QUESTION), AgentOutput)
            except CallError as error:
                pack({"message": error.message, "details": error.details})
                assert error.message  # noqa: PT017 - both ways are right

    def test_a_failing_stream_ends_with_the_call_error(self, failing: BaseAgent) -> None:
        if not failing.supports_streaming():
            return
        with pytest.raises(CallError):
            failing.stream_execute(QUESTION).collect()


def _refused(ask: object, question: AgentInput) -> object:
    """The place at which a question is refused."""
    assert callable(ask)
    with pytest.raises(CallError) as raised:
        ask(question)
    assert raised.value.kind is ErrorKind.VALIDATION
    return raised.value.details["field"]
