"""What every agent keeps to, as claims that anybody's agent can be put through. No test framework is needed:

    check_agent(lambda: MyAgent())

With one, each claim is a test of its own: `AgentCase(make).claims()` gives them, each a function of the case whose name
says what it claims. The rule kept here: a claim asks the agent and looks at what comes; it knows no agent.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from llmspell.agents.base import BaseAgent
from llmspell.errors import CallError, ErrorKind
from llmspell.types.agent_io import AgentInput, AgentOutput
from llmspell.types.formats import AudioFormat, ImageFormat, MediaType, VideoFormat
from llmspell.types.media import AudioContent, BinaryContent, ImageContent, MediaContent, TextContent, VideoContent
from llmspell.types.media_file import MediaFile
from llmspell.types.streaming import AgentChunk
from llmspell_workers.wire import pack

QUESTION = AgentInput("Say something short.")

OF_EACH_KIND: dict[MediaType, MediaContent] = {
    MediaType.TEXT: TextContent("a"),
    MediaType.IMAGE: ImageContent(b"...", ImageFormat.PNG),
    MediaType.AUDIO: AudioContent(b"...", AudioFormat.MP3),
    MediaType.VIDEO: VideoContent(b"...", VideoFormat.MP4),
    MediaType.BINARY: BinaryContent(b"..."),
}


class BrokenClaimError(AssertionError):
    """An agent does not keep to a claim; the message says what it did instead."""


class AgentCase(NamedTuple):
    """An agent to be put through the claims.

    `make` gives a new one each time, which gives the same answer to `question` each time that it is asked first;
    `make_failing` gives one whose every answer is a CallError, where there is such a one.
    """

    make: Callable[[], BaseAgent]
    make_failing: Callable[[], BaseAgent] | None = None
    question: AgentInput = QUESTION

    def claims(self, *, streams: bool = True) -> list[Claim]:
        """The claims that concern it; those about streams only if it `streams`."""
        return [*ALL, *(STREAMING if streams else ()), *(FAILING if self.make_failing is not None else ())]


Claim = Callable[[AgentCase], None]


def check_agent(
    make: Callable[[], BaseAgent],
    *,
    make_failing: Callable[[], BaseAgent] | None = None,
    question: AgentInput = QUESTION,
) -> None:
    """Puts an agent through all claims that concern it; see AgentCase. Raises BrokenClaimError at the first broken."""
    case = AgentCase(make, make_failing, question)
    for claim in case.claims(streams=make().supports_streaming()):
        claim(case)


def it_has_a_name(case: AgentCase) -> None:
    name = case.make().name
    _expect(0 < len(name.encode()) <= 200, f"its name is {name!r:.300}, and not of 1 to 200 bytes")


def it_answers_with_what_can_travel(case: AgentCase) -> None:
    answer = case.make().execute(case.question)
    _expect(isinstance(answer, AgentOutput), f"it answers with {type(answer).__name__}, not AgentOutput")
    pack(answer.to_wire())
    _same(AgentOutput.from_json(answer.to_json(), open_file=MediaFile.at), answer, "its answer, read back from JSON,")


def it_answers_with_what_it_says_that_it_gives(case: AgentCase) -> None:
    agent = case.make()
    extra = set(agent.execute(case.question).modalities) - set(agent.supported_media_types())
    _expect(not extra, f"it answers with {', '.join(sorted(extra))}, which it does not say that it supports")


def it_answers_more_than_once(case: AgentCase) -> None:
    agent = case.make()
    first, second = (agent.execute(case.question).modalities for _ in range(2))
    _same(second, first, "what its second answer consists of")


def it_knows_each_kind_of_media_once_and_text_among_them(case: AgentCase) -> None:
    agent = case.make()
    kinds = agent.supported_media_types()
    _expect(MediaType.TEXT in kinds, "it does not support text")
    _expect(len(set(kinds)) == len(kinds), "it names a kind of media twice")
    _same(agent.supports_multimodal(), set(kinds) != {MediaType.TEXT}, "supports_multimodal()")


def it_takes_or_refuses_each_kind_of_media_as_it_says(case: AgentCase) -> None:
    agent = case.make()
    for kind in MediaType:
        for question, place in (
            (case.question.with_media(OF_EACH_KIND[kind]), f"input.media[{len(case.question.media)}]"),
            (case.question.with_output_modalities(kind), "input.output_modalities[0]"),
        ):
            if kind in agent.supported_media_types():
                agent.validate_input(question)
            else:
                for ask in (agent.validate_input, agent.execute):
                    _same(_refused(ask, question), place, f"where {kind} is refused")


def it_refuses_input_without_anything(case: AgentCase) -> None:
    _same(_refused(case.make().execute, AgentInput("")), "input.text", "where empty input is refused")


def it_refuses_media_over_their_limit(case: AgentCase) -> None:
    image = ImageContent(MediaFile("/media/huge.png", 1 << 40), ImageFormat.PNG)
    question = AgentInput("What is on it?").with_media(image)
    _same(_refused(case.make().execute, question), "input.media[0]", "where an image of a TiB is refused")


def it_is_as_it_was_after_refused_input(case: AgentCase) -> None:
    agent = case.make()
    _refused(agent.execute, AgentInput(""))
    _same(agent.execute(case.question).text, case.make().execute(case.question).text, "its answer after a refusal")


def it_raises_an_error_as_it_is_or_answers_it(case: AgentCase) -> None:
    error = CallError(ErrorKind.INTERNAL, "a test's own")
    try:
        answer = case.make().handle_error(error)
    except CallError as raised:
        _expect(raised is error, "handle_error raises another error than it was given")
    else:
        _expect(isinstance(answer, AgentOutput), "handle_error gives no AgentOutput")


def it_streams_or_says_that_it_does_not(case: AgentCase) -> None:
    agent = case.make()
    try:
        agent.stream_execute(case.question).close()
    except CallError as error:
        _expect(not agent.supports_streaming(), f"it says that it streams, and does not: {error}")
        _same(error.kind, ErrorKind.VALIDATION, "the kind of the error where it does not stream")
    else:
        _expect(agent.supports_streaming(), "it streams, and says that it does not")


def its_chunks_count_from_0_in_one_stream_and_the_last_alone_is_final(case: AgentCase) -> None:
    with case.make().stream_execute(case.question) as stream:
        chunks = list(stream)
    _same([chunk.chunk_index for chunk in chunks], list(range(len(chunks))), "the index of each chunk")
    _expect(len({chunk.stream_id for chunk in chunks}) == 1, "chunks of one stream have several stream_ids, or none")
    finals = [chunk.metadata.is_final for chunk in chunks]
    _same(finals, [False] * (len(chunks) - 1) + [True], "is_final of each chunk")
    ordered = all(before.timestamp <= after.timestamp for before, after in pairwise(chunks))
    _expect(ordered, "a chunk is older than the one before it")


def its_chunks_can_travel(case: AgentCase) -> None:
    for chunk in case.make().stream_execute(case.question):
        pack(chunk.to_wire())
        _same(AgentChunk.from_json(chunk.to_json(), open_file=MediaFile.at), chunk, "a chunk, read back from JSON,")


def its_streams_have_names_of_their_own(case: AgentCase) -> None:
    agent = case.make()
    first, second = (next(agent.stream_execute(case.question)).stream_id for _ in range(2))
    _expect(first != second, f"two streams have the name {first!r:.100}")


def its_stream_put_together_is_the_whole_answer(case: AgentCase) -> None:
    streamed = case.make().stream_execute(case.question).collect()
    whole = case.make().execute(case.question)
    _same(_said(streamed), _said(whole), "what was streamed")


def its_stream_may_be_dropped_at_any_moment_and_the_next_one_is_whole(case: AgentCase) -> None:
    agent = case.make()
    whole = case.make().stream_execute(case.question).collect().text
    for read in (0, 1):
        with agent.stream_execute(case.question) as stream:
            for _ in range(read):
                next(stream)
        _same(list(stream), [], "what comes from a closed stream")
    _same(agent.stream_execute(case.question).collect().text, whole, "the answer after two that were dropped")


def it_refuses_input_before_a_stream_begins(case: AgentCase) -> None:
    _same(_refused(case.make().stream_execute, AgentInput("")), "input.text", "where empty input is refused")


def its_failure_is_a_call_error_or_an_answer(case: AgentCase) -> None:
    agent = _failing(case)
    for _ in range(2):
        try:
            answer = agent.execute(case.question)
        except CallError as error:
            pack({"message": error.message, "details": error.details})
            _expect(bool(error.message), "its error has no message")
        else:
            _expect(isinstance(answer, AgentOutput), "its answer to a failure is no AgentOutput")


def its_failing_stream_ends_with_the_call_error(case: AgentCase) -> None:
    agent = _failing(case)
    if not agent.supports_streaming():
        return
    try:
        agent.stream_execute(case.question).collect()
    except CallError:
        return
    raise BrokenClaimError("its failing stream comes to an end without an error")


ALL: tuple[Claim, ...] = (
    it_has_a_name,
    it_knows_each_kind_of_media_once_and_text_among_them,
    it_answers_with_what_can_travel,
    it_answers_with_what_it_says_that_it_gives,
    it_answers_more_than_once,
    it_takes_or_refuses_each_kind_of_media_as_it_says,
    it_refuses_input_without_anything,
    it_refuses_media_over_their_limit,
    it_is_as_it_was_after_refused_input,
    it_raises_an_error_as_it_is_or_answers_it,
    it_streams_or_says_that_it_does_not,
)
STREAMING: tuple[Claim, ...] = (
    its_chunks_count_from_0_in_one_stream_and_the_last_alone_is_final,
    its_chunks_can_travel,
    its_streams_have_names_of_their_own,
    its_stream_put_together_is_the_whole_answer,
    its_stream_may_be_dropped_at_any_moment_and_the_next_one_is_whole,
    it_refuses_input_before_a_stream_begins,
)
FAILING: tuple[Claim, ...] = (
    its_failure_is_a_call_error_or_an_answer,
    its_failing_stream_ends_with_the_call_error,
)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenClaimError(otherwise)


def _same(found: object, wanted: object, what: str) -> None:
    _expect(found == wanted, f"{what} is {found!r:.300}, and should be {wanted!r:.300}")


def _said(answer: AgentOutput) -> tuple[Any, ...]:
    """An answer without its figures; how long a tool took is one."""
    calls = [(call.tool_name, call.parameters, call.result and call.result.data) for call in answer.tool_calls]
    return answer.text, answer.media, calls, answer.value


def _failing(case: AgentCase) -> BaseAgent:
    assert case.make_failing is not None
    return case.make_failing()


def _refused(ask: Callable[[AgentInput], object], question: AgentInput) -> object:
    """The place at which a question is refused."""
    try:
        ask(question)
    except CallError as error:
        _same(error.kind, ErrorKind.VALIDATION, "the kind of the error where input is refused")
        return error.details.get("field")
    raise BrokenClaimError(f"{question!r:.300} is taken, and should be refused")
