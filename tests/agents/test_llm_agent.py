"""The LLM agent: what it asks, what it remembers and forgets, what it has done, and how a question ends early."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmspell.agents.config import AgentConfig
from llmspell.agents.llm import LLMAgent
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import Capabilities, Chunk, ModelRequest
from llmspell.types import AgentInput, ImageContent, ImageFormat, MediaFile, MediaType, TextChunk
from llmspell_workers.wire import pack, unpack
from tests.agents.scripted import DEADLINE, Pieces, Scripted, said

CONFIG = AgentConfig("poet", "scripted", "scripted-1", system_prompt="be brief", temperature=0.5, max_tokens=100)
HELLO = AgentInput("hello there")
PNG = ImageContent(b"\x89PNG", ImageFormat.PNG)
MULTIMODAL = Capabilities(supports_multimodal=True)


def texts(request: ModelRequest) -> list[str]:
    return [message["content"] for message in request.messages]


def test_a_question_is_asked_with_the_system_prompt_and_what_was_said_before() -> None:
    provider = Scripted(said("one"), said("two"))
    agent = LLMAgent(CONFIG, provider)
    assert agent.execute(AgentInput("first")).text == "one"
    agent.execute(AgentInput("second", parameters={"temperature": 1, "max_tokens": 5.0, "tool_choice": "none"}))
    assert [(m["role"], m["content"]) for m in provider.requests[1].messages] == [
        ("system", "be brief"), ("user", "first"), ("assistant", "one"), ("user", "second"),
    ]  # fmt: skip
    assert [(r.temperature, r.max_tokens, r.model) for r in provider.requests] == [
        (0.5, 100, "scripted-1"), (1.0, 5, "scripted-1"),
    ]  # fmt: skip
    assert provider.requests[0].modalities == ("text",)


@pytest.mark.parametrize(
    ("parameters", "field", "why"),
    [
        ({"temprature": 1}, "", "did you mean temperature"),
        ({"host": 1}, "", "known are temperature, max_tokens, answer_schema, tool_choice"),
        ({"temperature": 3}, ".temperature", "from 0 to 2, not the number 3"),
        ({"temperature": float("nan")}, ".temperature", "from 0 to 2"),
        ({"max_tokens": 0}, ".max_tokens", "from 1 to 10,000,000"),
        ({"max_tokens": 1.5}, ".max_tokens", "not the number 1.5"),
        ({"answer_schema": "x"}, ".answer_schema", "must be a map"),
        ({"answer_schema": {"type": "objekt"}}, ".answer_schema", "no schema to answer by"),
        ({"answer_schema": {"$ref": "#/$defs/x"}}, ".answer_schema", "the schema refers to what it does not hold"),
        ({"tool_choice": "requird"}, ".tool_choice", "did you mean required"),
        ({"tool_choice": "xyz"}, ".tool_choice", "known are auto, none, required"),
        ({"tool_choice": 1}, ".tool_choice", "must be text"),
    ],
    ids=lambda value: None if not isinstance(value, dict) else "-".join(map(str, value.items()))[:40],
)
def test_parameters_that_do_not_fit_are_refused_before_anything_is_asked(
    parameters: dict[str, object], field: str, why: str
) -> None:
    provider = Scripted()
    agent = LLMAgent(CONFIG, provider)
    for ask in (agent.execute, agent.stream_execute):
        with pytest.raises(CallError, match=why) as raised:
            ask(HELLO.but(parameters=parameters))
        assert raised.value.kind is ErrorKind.VALIDATION
        assert raised.value.details["field"] == f"input.parameters{field}"
    assert provider.requests == []
    assert agent.metrics()["failures"] == 0


def test_an_answer_has_its_figures_and_the_agent_those_of_all() -> None:
    ticks = itertools.count(step=2)
    provider = Scripted(said("one two"), said("three", cost_usd=0.25), said("?", cost_usd=None))
    agent = LLMAgent(CONFIG, provider, clock=lambda: next(ticks))
    metadata = agent.execute(HELLO).metadata
    assert (metadata.model, metadata.prompt_tokens, metadata.completion_tokens) == ("scripted-1", 10, 2)
    assert (metadata.token_count, metadata.cost_usd, metadata.execution_time_ms) == (12, 0.0, 2000)
    assert metadata.finish_reason == "stop"
    assert agent.execute(HELLO).metadata.cost_usd == 0.25
    assert agent.execute(HELLO).metadata.cost_usd is None
    assert agent.metrics() == {
        "executions": 3, "failures": 0, "model_calls": 3, "tool_calls": 0, "prompt_tokens": 30, "completion_tokens": 4,
        "token_count": 34, "cost_usd": 0.25, "unpriced_calls": 1, "total_time_ms": 6000, "messages": 6,
    }  # fmt: skip
    agent.reset()
    assert set(agent.metrics().values()) == {0}
    assert (agent.messages, agent.held) == ((), 0)


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_a_failed_question_is_counted_and_leaves_the_conversation_as_it_was(*, streams: bool) -> None:
    provider = Scripted(said("one"), CallError(ErrorKind.TIMEOUT, "too slow", {"retryable": True}), said("two"))
    agent = LLMAgent(CONFIG, provider)
    agent.execute(HELLO)
    before = agent.messages
    with pytest.raises(CallError, match="too slow") as raised:
        agent.stream_execute(HELLO).collect() if streams else agent.execute(HELLO)
    assert raised.value.details == {"retryable": True}
    assert agent.messages == before
    assert (agent.metrics()["failures"], agent.metrics()["executions"]) == (1, 1)
    assert agent.execute(HELLO).text == "two"


def test_what_is_no_error_of_the_call_goes_through_and_leaves_the_conversation_as_it_was() -> None:
    class RunLimit(Exception):
        """The run is over."""

    agent = LLMAgent(CONFIG, Scripted(RunLimit()))
    with pytest.raises(RunLimit):
        agent.execute(HELLO)
    with pytest.raises(RunLimit):
        agent.stream_execute(HELLO).collect()
    assert agent.messages == ()
    assert agent.metrics()["failures"] == 0


def test_the_oldest_messages_are_forgotten_and_the_system_prompt_is_not() -> None:
    provider = Scripted(*[said(f"a{n}") for n in range(5)])
    agent = LLMAgent(CONFIG._replace(max_conversation_length=3), provider)
    for n in range(5):
        agent.execute(AgentInput(f"q{n}"))
    assert texts(provider.requests[4]) == ["be brief", "q3", "a3", "q4"]
    assert [message.text for message in agent.messages] == ["q4", "a4"]


def test_a_conversation_is_cut_to_the_model_s_window_and_the_question_is_not() -> None:
    provider = Scripted(said("y" * 40), capabilities=Capabilities(max_context_tokens=200))
    agent = LLMAgent(CONFIG._replace(max_tokens=100), provider)  # 100 tokens, a letter each, are left to ask in
    for _ in range(4):
        agent.execute(AgentInput("x" * 30))
    assert [len("".join(texts(request))) for request in provider.requests] == [38, 38, 38, 38]
    assert len(agent.messages) == 2
    agent.execute(AgentInput("z" * 500))  # whether that is too much is for the provider to say
    assert texts(provider.requests[-1]) == ["be brief", "z" * 500]


def test_without_a_bound_for_the_answer_a_quarter_of_the_window_is_left_for_it() -> None:
    provider = Scripted(said("y" * 30), capabilities=Capabilities(max_context_tokens=79))
    agent = LLMAgent(AgentConfig("poet", "scripted", "m"), provider)  # the estimate says 50, a quarter is 20
    for _ in range(2):
        agent.execute(AgentInput("x" * 15))
    assert texts(provider.requests[1]) == ["x" * 15, "y" * 30, "x" * 15]


def test_a_conversation_comes_back_from_the_wire_and_goes_on() -> None:
    agent = LLMAgent(CONFIG, Scripted(said("nice"), capabilities=MULTIMODAL))
    agent.execute(AgentInput("look", media=(PNG,)))
    provider = Scripted(capabilities=MULTIMODAL)
    other = LLMAgent(CONFIG, provider)
    other.restore(unpack(pack(agent.save())))
    assert other.messages == agent.messages
    assert other.held == agent.held == sum(200 + len(text) for text in ("look", "nice")) + 4
    other.execute(HELLO)
    assert [message["content"] for message in provider.requests[0].messages] == [
        "be brief", ["look", PNG], "nice", "hello there",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("saved", "why"),
    [
        ("x", "conversation must be a list of messages, not the text 'x'"),
        (
            [{"role": "user"}, {"role": "critic"}],
            r"conversation\[1\].role must be one of system, user",
        ),
        ([{"role": "user", "txt": "a"}], r"conversation\[0\] has no field 'txt'; did you mean text"),
        ([{"role": "tool", "tool_call_id": "a"}], r"conversation\[0\].tool_call_id names no call"),
        ([{"role": "assistant", "calls": [{"id": "a", "name": "b", "written": ""}]}], "ends with tool calls"),
        (
            [{"role": "assistant", "calls": [{"id": "a", "name": "b", "written": ""}]}, {"role": "user"}],
            r"conversation\[1\] comes before the tool calls",
        ),
        ([{"role": "user", "media": [{"type": "image", "data": {"path": "/etc/passwd"}, "format": "png"}]}], "by path"),
        ([{}] * 100_001, "has 100,001 messages, and at most 100,000 are taken"),
    ],
    ids=["text", "role", "field", "stray-answer", "no-answer", "late-answer", "path", "too-many"],
)
def test_a_conversation_that_does_not_fit_is_refused_and_the_old_one_stays(saved: object, why: str) -> None:
    agent = LLMAgent(CONFIG, Scripted())
    agent.execute(HELLO)
    before = agent.messages
    with pytest.raises(CallError, match=why) as raised:
        agent.restore(saved)
    assert raised.value.kind is ErrorKind.VALIDATION
    assert agent.messages == before


def test_a_saved_conversation_keeps_its_system_messages_and_the_bound_of_the_agent() -> None:
    agent = LLMAgent(CONFIG._replace(max_conversation_length=2), EchoProvider())
    saved = [{"role": role, "text": role} for role in ("user", "system", "assistant", "user", "assistant")]
    agent.restore(saved)
    assert [message.role.value for message in agent.messages] == ["system", "user", "assistant"]
    agent.restore({})  # a script's empty table
    assert agent.messages == ()


def test_media_are_sent_and_come_and_the_model_s_own_are_not_sent_back() -> None:
    provider = Scripted(said("", media=(PNG,)), capabilities=MULTIMODAL)
    agent = LLMAgent(CONFIG, provider)
    question = AgentInput("draw", media=(PNG,)).with_output_modalities(MediaType.IMAGE, MediaType.TEXT)
    assert agent.execute(question).media == (PNG,)
    assert provider.requests[0].modalities == ("image", "text")
    assert provider.requests[0].messages[1]["content"] == ["draw", PNG]
    agent.execute(AgentInput("", media=(PNG,)))
    assert [message["content"] for message in provider.requests[1].messages[2:]] == ["[image]", [PNG]]


def test_what_a_provider_takes_is_what_the_agent_takes() -> None:
    kinds = LLMAgent(CONFIG, Scripted(capabilities=Capabilities(supports_multimodal=True, media=("audio", "image"))))
    assert kinds.supported_media_types() == (MediaType.TEXT, MediaType.IMAGE, MediaType.AUDIO)
    assert not LLMAgent(CONFIG, Scripted()).supports_multimodal()


def test_media_on_disk_are_not_held() -> None:
    agent = LLMAgent(CONFIG, Scripted(capabilities=MULTIMODAL))
    agent.execute(AgentInput("", media=(ImageContent(MediaFile("/media/big.png", 1 << 20), ImageFormat.PNG),)))
    assert agent.held < 1000


def test_a_refusal_is_the_text_and_says_that_it_is_one() -> None:
    agent = LLMAgent(CONFIG, Scripted(said("", refusal="I would rather not", finish_reason="content_filter")))
    answer = agent.execute(HELLO)
    assert (answer.text, answer.metadata.extra) == ("I would rather not", {"refusal": "I would rather not"})


def test_a_streamed_refusal_is_the_text_of_the_last_piece() -> None:
    agent = LLMAgent(CONFIG, Scripted(said("", refusal="I would rather not")))
    *before, last = agent.stream_execute(HELLO)
    assert (before, last.content, last.metadata.is_final) == ([], TextChunk("I would rather not"), True)


def test_questions_at_the_same_time_see_what_was_said_before_them_and_are_all_kept() -> None:
    gate = threading.Event()
    provider = Scripted(gate=gate)
    agent = LLMAgent(CONFIG, provider)
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(agent.execute, AgentInput(f"q{n}")) for n in range(2)]
        assert provider.waiting.wait(DEADLINE)
        gate.set()
        assert [question.result(DEADLINE).text for question in asked] == ["fine", "fine"]
    assert sorted(message.text for message in agent.messages) == ["fine", "fine", "q0", "q1"]
    assert agent.messages[0].text != agent.messages[1].text
    assert agent.metrics()["executions"] == 2


class Interruptible(Scripted):
    """Gives whole answers that can be closed, as one chunk."""

    def whole(self, request: ModelRequest) -> Iterator[Chunk]:
        return Pieces(self, self._whole(request))

    def _whole(self, request: ModelRequest) -> Iterator[Chunk]:
        completion = self.complete(request)
        yield Chunk(completion.text, final=completion)


@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        (Scripted, lambda agent: agent.stream_execute(HELLO).collect()),
        (Interruptible, lambda agent: agent.execute(HELLO)),
    ],
    ids=["stream", "whole"],
)
def test_cancelling_from_another_thread_closes_the_connection_and_says_so(
    kind: type[Scripted], ask: Callable[[LLMAgent], object]
) -> None:
    provider = kind(said("far too long a story"), gate=threading.Event())
    agent = LLMAgent(CONFIG, provider)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(ask, agent)
        assert provider.waiting.wait(DEADLINE)
        agent.cancel()
        with pytest.raises(CallError, match="agent poet: the question was cancelled") as raised:
            asked.result(DEADLINE)
    assert raised.value.details["cancelled"] is True
    assert (provider.opened, provider.closed > 0) == (1, True)
    assert agent.messages == ()
    assert agent.metrics()["failures"] == 1
    agent.cancel()  # nothing is on its way
    assert agent.execute(HELLO).text == "far too long a story"


def test_a_provider_that_cannot_be_interrupted_is_waited_for_and_its_answer_is_dropped() -> None:
    gate = threading.Event()
    provider = Scripted(gate=gate)
    agent = LLMAgent(CONFIG, provider)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(agent.execute, HELLO)
        assert provider.waiting.wait(DEADLINE)
        agent.cancel()
        gate.set()
        with pytest.raises(CallError, match="cancelled"):
            asked.result(DEADLINE)
    assert agent.messages == ()
    assert agent.metrics()["prompt_tokens"] == 0


def test_an_agent_that_nobody_holds_is_gone_at_once() -> None:
    agent = LLMAgent(CONFIG, Scripted())
    agent.execute(HELLO)
    next(agent.stream_execute(HELLO))
    gone = weakref.ref(agent)
    gc.disable()
    try:
        del agent
        assert gone() is None
    finally:
        gc.enable()


class Endless(EchoProvider):
    """Its streams end without a whole answer."""

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:  # noqa: ARG002 - it is the interface's
        yield Chunk("half a ")


def test_a_stream_without_a_whole_answer_is_an_error_that_keeps_what_came() -> None:
    stream = LLMAgent(CONFIG, Endless()).stream_execute(HELLO)
    with pytest.raises(CallError, match="ended its answer before it was whole") as raised:
        stream.collect()
    assert raised.value.details["text"] == stream.partial == "half a "
