"""The LLM agent over litellm and a real server: the contract, tools, schemas, media, connections that are closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmspell.agents.config import AgentConfig
from llmspell.agents.contract import AgentCase
from llmspell.agents.llm import LLMAgent
from llmspell.agents.tool_box import LocalTools
from llmspell.errors import CallError
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, Failure, Fault, Gate, LLMServer, Request, ToolCall, Usage
from llmspell.tools.function_tool import FunctionTool
from llmspell.types import AgentInput, ImageContent, ImageFormat, ToolCallComplete, ToolCallProgress
from tests.providers.conftest import DEADLINE
from tests.providers.conftest import _litellm_leaves_an_event_loop as _litellm_leaves_an_event_loop

CONFIG = AgentConfig("poet", "local", "some-model", system_prompt="be brief")
HELLO = AgentInput("hello")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


TOOLS = LocalTools([FunctionTool(double)])


def doubled(request: Request) -> Answer:
    """Asks for the tool until it is told what came of it."""
    if request.messages[-1]["role"] == "tool":
        return Answer(f"it is {request.messages[-1]['content']}")
    return Answer("let me see ", tool_calls=[ToolCall("double", {"number": 21}, id="call_7")])


@pytest.fixture(scope="module")
def server() -> Iterator[LLMServer]:
    with LLMServer() as server:
        yield server


@pytest.fixture(scope="module")
def provider(server: LLMServer) -> Iterator[LiteLLMProvider]:
    settings = ProviderSettings(
        base_url=server.base_url, api_key_env="LOCAL_KEY", timeout_seconds=DEADLINE, max_retries=0
    )
    provider = LiteLLMProvider("local", settings, environ={"LOCAL_KEY": "sk-test"})
    yield provider
    provider.close()


@pytest.fixture(autouse=True)
def _cleared(server: LLMServer) -> Iterator[None]:
    yield
    server.clear()


CLAIMS = [
    pytest.param(claim, id=claim.__name__)
    for claim in AgentCase(lambda: LLMAgent(CONFIG, None), lambda: LLMAgent(CONFIG, None)).claims()  # type: ignore[arg-type]
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_agent_with_tools_over_http_keeps_to(
    claim: Callable[[AgentCase], None], server: LLMServer, provider: LiteLLMProvider
) -> None:
    server.answer(doubled)
    server.answer(Failure(400), match="fail, please")
    config = CONFIG._replace(system_prompt=None)

    def make() -> LLMAgent:
        return LLMAgent(config, provider, tools=TOOLS)

    def make_failing() -> LLMAgent:
        return LLMAgent(config._replace(model="missing"), Failing(provider), tools=TOOLS)  # type: ignore[arg-type]

    claim(AgentCase(make, make_failing))


class Failing:
    """A provider whose questions the server refuses."""

    def __init__(self, provider: LiteLLMProvider) -> None:
        self._provider = provider
        self.capabilities = provider.capabilities

    def complete(self, request):  # type: ignore[no-untyped-def]
        return self._provider.complete(request._replace(messages=({"role": "user", "content": "fail, please"},)))

    def stream(self, request):  # type: ignore[no-untyped-def]
        return self._provider.stream(request._replace(messages=({"role": "user", "content": "fail, please"},)))


def test_tools_are_called_in_a_stream_and_what_came_of_them_is_sent(
    server: LLMServer, provider: LiteLLMProvider
) -> None:
    server.answer(doubled)
    agent = LLMAgent(CONFIG, provider, tools=TOOLS)
    with agent.stream_execute(HELLO) as stream:
        contents = [chunk.content for chunk in stream]
        assert stream.output is not None
        assert stream.output.text == stream.partial == "it is 42"
    written = "".join(each.partial_args for each in contents if isinstance(each, ToolCallProgress))
    assert json.loads(written) == {"number": 21}
    (complete,) = [each for each in contents if isinstance(each, ToolCallComplete)]
    assert (complete.call_id, complete.tool_call().parameters) == ("call_7", {"number": 21})
    (call,) = stream.output.tool_calls
    assert call.result is not None
    assert call.result.data == 42
    second = server.chats[-1].messages
    assert [message["role"] for message in second] == ["system", "user", "assistant", "tool"]
    assert second[2]["tool_calls"][0]["id"] == second[3]["tool_call_id"] == "call_7"
    assert agent.execute(HELLO).text == "it is 42"  # with that conversation in front


def test_arguments_that_are_no_json_are_told_to_the_model(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(tool_calls=[ToolCall("double", "{number: ", id="call_8")]), Answer("sorry"))
    answer = LLMAgent(CONFIG, provider, tools=TOOLS).execute(HELLO)
    assert answer.text == "sorry"
    assert "are no JSON object: '{number: '" in server.chats[-1].messages[-1]["content"]


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_an_answer_of_the_wrong_shape_is_asked_for_again(
    server: LLMServer, provider: LiteLLMProvider, *, streams: bool
) -> None:
    usage = Usage(5, 2)
    server.queue(Answer('{"town": "Paris"}', usage=usage), Answer('{"city": "Paris"}', usage=usage))
    agent = LLMAgent(CONFIG._replace(answer_schema=SCHEMA), provider)
    answer = agent.stream_execute(HELLO).collect() if streams else agent.execute(HELLO)
    assert answer.value == {"city": "Paris"}
    assert answer.metadata.token_count == 14
    assert "'city' is a required property" in server.chats[-1].last_input


def test_an_image_is_sent(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.answer("a cat")

    class Seeing(LLMAgent):
        """Takes images, which nobody says of a model without an entry in the price list."""

        def supported_media_types(self):  # type: ignore[no-untyped-def]
            return ("text", "image")

    image = ImageContent(b"\x89PNG...", ImageFormat.PNG)
    assert Seeing(CONFIG, provider).execute(AgentInput("what is on it?", media=(image,))).text == "a cat"
    (sent,) = server.chats[-1].images
    assert (sent.media_type, sent.data) == ("image/png", b"\x89PNG...")


def test_cancelling_a_stream_from_another_thread_hangs_up(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(pieces=["half an ", Fault.SILENCE]))
    agent = LLMAgent(CONFIG, provider)
    stream = agent.stream_execute(HELLO)
    assert next(stream).content.text == "half an "  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(next, stream)
        agent.cancel()
        with pytest.raises(CallError, match="the question was cancelled") as raised:
            waiting.result(DEADLINE)
    assert raised.value.details["text"] == "half an "
    (request,) = server.chats
    assert request.ended.wait(DEADLINE)
    assert request.hung_up
    assert agent.messages == ()


def test_cancelling_a_whole_answer_from_another_thread_hangs_up(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(pieces=["", Fault.SILENCE]))
    agent = LLMAgent(CONFIG, provider)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(agent.execute, HELLO)
        request = server.wait_for_request()
        agent.cancel()
        with pytest.raises(CallError, match="the question was cancelled"):
            waiting.result(DEADLINE)
    assert request.ended.wait(DEADLINE)
    assert request.hung_up
    assert agent.metrics()["failures"] == 1


def test_a_stream_that_dies_keeps_what_came(server: LLMServer, provider: LiteLLMProvider) -> None:
    read = Gate()
    server.queue(Answer(pieces=["half an ", read, Fault.RESET]))
    stream = LLMAgent(CONFIG, provider).stream_execute(HELLO)
    next(stream)
    read.open()
    with pytest.raises(CallError) as raised:
        stream.collect()
    assert stream.partial == "half an "
    assert raised.value.details["text"] == "half an "
