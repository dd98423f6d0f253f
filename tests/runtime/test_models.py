"""A script, its worker, the broker, litellm and a model server over HTTP: everything that an agent does, whole."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from llmspell import Cancellation, FunctionTool, Limits, Outcome, Policy, ProviderManager, ScriptRuntime, Verdict
from llmspell.capabilities.agent_config import read_config
from llmspell.policy import ModelGrant, ToolGrant, default_policy
from llmspell.providers.echo import EchoProvider
from llmspell.providers.litellm_load import load
from llmspell.providers.provider import Completion, Estimate, ModelRequest
from llmspell.providers.settings import Price, ProviderSettings
from llmspell.testing import Answer, Failure, Fault, Gate, LLMServer, Plain, ToolCall, Usage
from tests.patience import growing
from tests.providers.conftest import _litellm_leaves_an_event_loop

pytestmark = [pytest.mark.usefixtures("_litellm_leaves_an_event_loop")]
__all__ = ["_litellm_leaves_an_event_loop"]

DEADLINE = 120.0
"""Seconds: also the provider's own patience, so what ends in half of them was ended by us."""
LIMITS = Limits(wall=200, cpu=20)
AGENT = "local agent = Agent.create{model = 'local/some-model'} "
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[LLMServer]:
    with LLMServer() as server:
        yield server
    assert server.errors == []


@pytest.fixture
def server(shared_server: LLMServer) -> LLMServer:
    shared_server.clear()
    return shared_server


@pytest.fixture(scope="module")
def providers(shared_server: LLMServer) -> Iterator[ProviderManager]:
    here = ProviderSettings(
        base_url=shared_server.base_url,
        max_retries=0,
        timeout_seconds=DEADLINE,
        prices={"priced": Price(1000.0, 1000.0), "some-model": Price(0.0, 0.0)},
    )
    aliases = {"quick": "local/some-model", "sure": ["local/first", "other/second"]}
    load()  # litellm takes its time, and that is none of a run's
    with ProviderManager({"local": here, "other": here}, environ={}, aliases=aliases) as manager:
        yield manager


Run = Callable[..., Outcome]


@pytest.fixture
def run(server: LLMServer, providers: ProviderManager) -> Run:  # noqa: ARG001 - what ran before is forgotten
    def run(
        source: str,
        *functions: Callable[..., Any],
        limits: Limits = LIMITS,
        policy: Policy | None = None,
        cancellation: Cancellation | None = None,
        emit: Any = None,
        waits: bool = True,
        own: ProviderManager | None = None,
    ) -> Outcome:
        tools = [FunctionTool(function, blocking=waits) for function in functions]
        names = {tool.name: ToolGrant() for tool in tools}
        policy = policy or default_policy()
        runtime = ScriptRuntime.with_lua(
            providers=own or providers,
            limits=limits,
            tools=tools,
            policy=policy._replace(tools={**names, **policy.tools}),
        )
        return runtime.execute(source, name="spell.lua", cancellation=cancellation, emit=emit)

    return run


def value(outcome: Outcome) -> Any:
    assert outcome.verdict is Verdict.OK, (outcome.error, outcome.limit)
    return outcome.value


SIX_BY_SEVEN = ToolCall("calculator", {"operation": "evaluate", "input": "6*7"}, id="call_1")


def test_a_model_calls_a_tool_and_answers_and_the_script_sees_both(run: Run, server: LLMServer) -> None:
    server.queue(Answer(tool_calls=[SIX_BY_SEVEN], usage=Usage(10, 5)), Answer("it is 42", usage=Usage(30, 4)))
    outcome = run(
        "local agent = Agent.create{name = 'sage', model = 'local/some-model', tools = {'calculator'}}"
        "return agent:execute('6*7?')"
    )
    answer = value(outcome)
    assert answer["text"] == answer["content"] == "it is 42"
    (call,) = answer["tool_calls"]
    assert (call["tool_id"], call["tool_name"], call["parameters"]["input"]) == ("call_1", "calculator", "6*7")
    assert call["result"]["success"] is True
    assert answer["metadata"]["token_count"] == 49
    assert (outcome.usage.model_calls, outcome.usage.prompt_tokens, outcome.usage.completion_tokens) == (2, 40, 9)
    told = server.chats[1].json["messages"][-1]
    assert (told["role"], told["tool_call_id"]) == ("tool", "call_1")
    assert "42" in told["content"]
    assert [offer["function"]["name"] for offer in server.chats[0].json["tools"]] == ["calculator"]


def test_a_models_call_is_counted_and_recorded_with_its_agent(run: Run, server: LLMServer) -> None:
    server.queue(Answer(tool_calls=[SIX_BY_SEVEN]), Answer("42"))
    outcome = run("Agent.create{name = 'sage', model = 'local/some-model', tools = {'calculator'}}:execute('6*7?')")
    assert outcome.usage.calls == len(outcome.calls) == 3
    recorded = {call.capability: call for call in outcome.calls}
    nested = recorded["tool.invoke"]
    assert (nested.name, nested.agent, nested.ok) == ("calculator", "sage", True)
    assert nested.id < 0
    assert recorded["agent.execute"].agent is None


@pytest.mark.parametrize("waits", [True, False], ids=["a tool that waits", "a tool that does not"])
@pytest.mark.parametrize("how", ["execute", "stream"])
def test_the_limit_on_calls_ends_the_run_at_a_models_call_before_it_is_made(
    run: Run, server: LLMServer, waits: bool, how: str
) -> None:
    made: list[int] = []

    def note() -> str:
        made.append(1)
        return "noted"

    server.answer(Answer(tool_calls=[ToolCall("note")]))
    ask = "agent:execute('x')" if how == "execute" else "for _ in agent:stream('x') do end"
    outcome = run(
        f"local agent = Agent.create{{model = 'local/some-model', tools = {{'note'}}, max_tool_rounds = 50}} {ask}",
        note,
        limits=Limits(calls=5, wall=200),
        waits=waits,
    )
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed, outcome.limit.used) == ("calls", 5, 6)
    assert (len(made), outcome.usage.calls) == (3, 5)


def test_a_bound_of_a_tool_holds_for_the_script_and_its_models_together(run: Run, server: LLMServer) -> None:
    server.queue(Answer(tool_calls=[SIX_BY_SEVEN]), Answer("refused"))
    outcome = run(
        """
        Tool.execute('calculator', {operation = 'evaluate', input = '1'})
        local agent = Agent.create{model = 'local/some-model', tools = {'calculator'}}
        return agent:execute('6*7?').tool_calls[1].result
        """,
        policy=default_policy()._replace(tools={"calculator": ToolGrant(max_calls=1)}),
    )
    assert value(outcome)["success"] is False
    assert "has made 1 of the 1 calls" in outcome.value["error"]
    assert '"error":"budget"' in server.chats[1].json["messages"][-1]["content"].replace(" ", "")


def test_a_tool_that_a_model_calls_has_its_time_and_is_left_behind(run: Run, server: LLMServer) -> None:
    done = threading.Event()

    def hangs() -> str:
        done.wait(DEADLINE / 2)
        return "late"

    server.queue(Answer(tool_calls=[ToolCall("hangs")]), Answer("sorry"))
    outcome = run(
        "local agent = Agent.create{model = 'local/some-model', tools = {'hangs'}} "
        "return agent:execute('x').tool_calls[1].result.error",
        hangs,
        policy=default_policy()._replace(tools={"hangs": ToolGrant(max_seconds=0.05)}),
    )
    done.set()
    assert value(outcome) == "tool hangs gave no answer within 0.05 seconds; it is left behind"


def test_tools_that_are_not_granted_or_not_there_are_refused_when_the_agent_is_made(run: Run) -> None:
    source = (
        "local fine, e = pcall(Agent.create, {model = 'local/some-model', tools = {'%s'}}) return {e.kind, e.message}"
    )
    denied, why = value(run(source % "file-operations"))
    assert (denied, "--allow-tool file-operations" in why) == ("denied", True)
    assert value(run(source % "calculater"))[0] == "not_found"


def test_tools_beyond_the_agents_own_are_not_called(run: Run, server: LLMServer) -> None:
    server.queue(Answer(tool_calls=[ToolCall("uuid-generator")]), Answer("well"))
    outcome = run(
        "return Agent.create{model = 'local/some-model', tools = {'calculator'}}:execute('x').tool_calls[1].result"
    )
    assert value(outcome)["success"] is False
    assert [call.capability for call in outcome.calls] == ["agent.create", "agent.execute"]


def test_a_stream_shows_text_and_tool_calls_as_they_come_and_the_whole_at_its_end(run: Run, server: LLMServer) -> None:
    server.queue(Answer("let me see", tool_calls=[SIX_BY_SEVEN]), Answer("it is 42"))
    chunks = value(
        run(
            """
            local agent = Agent.create{model = 'local/some-model', tools = {'calculator'}}
            local all = {}
            for chunk in agent:stream('6*7?') do all[#all + 1] = chunk end
            return all
            """
        )
    )
    assert [chunk["index"] for chunk in chunks] == list(range(len(chunks)))
    assert [chunk["is_final"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    again = next(at for at, chunk in enumerate(chunks) if chunk.get("restarts"))
    assert "".join(chunk["text"] for chunk in chunks[:again]) == "let me see"
    assert "".join(chunk["text"] for chunk in chunks[again:]) == "it is 42"
    complete = [chunk["tool_call"] for chunk in chunks if chunk.get("tool_call", {}).get("complete")]
    assert [(call["id"], call["name"]) for call in complete] == [("call_1", "calculator")]
    assert chunks[-1]["tool_calls"][0]["result"]["success"] is True
    assert chunks[-1]["metadata"]["finish_reason"] == "stop"


def test_invoke_stream_gives_the_text_of_the_answer_alone(run: Run, server: LLMServer) -> None:
    server.queue(Answer("let me see", tool_calls=[SIX_BY_SEVEN]), Answer("it is 42"))
    outcome = run(
        "return Agent.create{model = 'local/some-model', tools = {'calculator'}}:invokeStream('x', function() end).text"
    )
    assert value(outcome) == "it is 42"


SCHEMA = "{type = 'object', properties = {n = {type = 'integer'}}, required = {'n'}}"


@pytest.mark.parametrize(
    "config",
    [f"answer_schema = {SCHEMA}", f"response_format = {{type = 'json_schema', json_schema = {{schema = {SCHEMA}}}}}"],
    ids=["answer_schema", "response_format"],
)
def test_an_answer_of_a_prescribed_shape_is_a_value(run: Run, server: LLMServer, config: str) -> None:
    server.queue('{"n": 3}')
    assert value(run(f"return Agent.create{{model = 'local/some-model', {config}}}:execute('x').value")) == {"n": 3}


def test_a_shape_may_be_asked_for_with_one_question(run: Run, server: LLMServer) -> None:
    server.queue('{"n": 3}', "plain")
    one = f"agent:execute{{text = 'x', parameters = {{answer_schema = {SCHEMA}}}}}.value"
    source = f"return {{{one}, agent:execute('y').text}}"
    assert value(run(AGENT + source)) == [{"n": 3}, "plain"]


def test_json_that_does_not_fit_is_an_error_that_keeps_what_was_said(run: Run, server: LLMServer) -> None:
    server.answer('{"n": "three"}')
    kind, message, text = value(
        run(
            f"local agent = Agent.create{{model = 'local/some-model', answer_schema = {SCHEMA}}}"
            "local fine, e = pcall(agent.execute, agent, 'x') return {e.kind, e.message, e.details.text}"
        )
    )
    assert (kind, text) == ("validation", '{"n": "three"}')
    assert "answer.n" in message


def test_media_travel_as_bytes_and_from_granted_files(run: Run, server: LLMServer, tmp_path: Any) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "dot.png").write_bytes(PIXEL)
    (tmp_path / "out.png").write_bytes(PIXEL)
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out.png")
    server.answer("seen")
    lua_bytes = "".join(f"\\{byte:03}" for byte in PIXEL)
    source = f"""
    local folder, pixel = '{tmp_path}/', '{lua_bytes}'
    local agent = Agent.create{{model = 'local/gpt-4o-mini'}}
    local held, by_path = Media.image(pixel, 'png'), Media.image{{path = folder .. 'in/dot.png'}}
    local said = agent:execute{{text = 'what?', media = {{held, by_path}}}}.text
    local function refused(path)
      local question = {{text = 'x', media = {{Media.image{{path = folder .. path}}}}}}
      local fine, e = pcall(agent.execute, agent, question)
      return e.kind
    end
    return {{said, refused('out.png'), refused('in/link.png'), refused('in/none.png')}}
    """
    outcome = run(source, policy=default_policy()._replace(read=(str(tmp_path / "in"),)))
    assert value(outcome) == ["seen", "denied", "denied", "not_found"]
    assert [image.data for image in server.chats[0].images] == [PIXEL, PIXEL]
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    ("media", "kind", "said"),
    [
        ("Media.image('x', 'pgn')", "validation", "png"),
        ("Media.image('x')", "validation", "format"),
        ("'x'", "validation", "Media.image"),
        ("{type = 'picture', data = 'x'}", "validation", "image"),
        ("Media.image({path = '/etc/passwd'}, 'png')", "denied", "--allow-read"),
        ("Media.image({path = '/etc/passwd'})", "validation", "format"),
    ],
    ids=["a format nearly", "no format", "no medium", "no kind", "no grant", "no suffix"],
)
def test_media_that_cannot_be_meant_are_refused(run: Run, media: str, kind: str, said: str) -> None:
    source = f"local fine, e = pcall(agent.execute, agent, {{media = {{{media}}}}}) return {{e.kind, e.message}}"
    got = value(run("local agent = Agent.create{model = 'local/gpt-4o-mini'} " + source))
    assert got[0] == kind
    assert said in got[1]


@pytest.mark.parametrize(
    "config", ["models = {'local/first', 'other/second'}", "model = 'sure'"], ids=["models", "an alias of several"]
)
def test_the_next_model_answers_when_one_fails_and_each_is_within_the_budgets(
    run: Run, server: LLMServer, config: str
) -> None:
    server.answer(Failure(503), model="first")
    server.answer("second here", model="second")
    outcome = run(f"return Agent.create{{{config}}}:execute('x').text")
    assert value(outcome) == "second here"
    assert outcome.usage.model_calls == 2


def test_an_alias_names_a_model(run: Run, server: LLMServer) -> None:
    server.queue("here")
    assert value(run("return Agent.create{model = 'quick'}:execute('x').text")) == "here"
    assert server.chats[0].model == "some-model"


def test_each_of_several_models_must_be_granted(run: Run) -> None:
    policy = Policy(models=("local/*",))
    for config in ("models = {'local/a', 'other/second'}", "model = 'sure'"):
        source = f"local fine, e = pcall(Agent.create, {{{config}}}) return {{e.kind, e.message}}"
        kind, message = value(run(source, policy=policy))
        assert (kind, "other/second" in message) == ("denied", True)


@pytest.mark.parametrize(
    "field",
    ["api_key", "apiKey", "headers", "extra_headers", "api_base", "host", "callbacks", "on_chunk", "proxy", "base_url"],
)
def test_what_decides_where_questions_go_is_refused_by_name(run: Run, server: LLMServer, field: str) -> None:
    name = re.sub("([A-Z])", r"_\1", field).lower() if field != "apiKey" else field
    source = f"""
    local fine, e = pcall(Agent.create, {{model = 'local/some-model', {name} = 'http://127.0.0.1:1/v1'}})
    local asked, again = pcall(agent.execute, agent, {{text = 'x', parameters = {{{name} = 'x'}}}})
    return {{e.kind, e.message, again.kind, again.message}}
    """
    kind, message, again, there = value(run(AGENT + source))
    assert (kind, again) == ("denied", "denied")
    assert f"{name}" in message
    assert ":" in there
    assert server.chats == []


def test_a_base_url_is_taken_where_its_host_is_granted_and_gets_no_key(run: Run, server: LLMServer) -> None:
    server.queue("from there")
    host = server.url.removeprefix("http://")
    source = f"return Agent.create{{model = 'theirs', base_url = '{server.base_url}'}}:execute('x').text"
    assert value(run(source, policy=Policy(hosts=(host,)))) == "from there"
    assert server.chats[0].model == "theirs"
    assert server.chats[0].key in (None, "no-key")


@pytest.mark.parametrize(
    "rest",
    ["/\\r\\nX: y", "\\n.evil", "#@evil/", "?x=1", "\\\\@evil", "@evil", "/v1 ", "/\\0", "\\226\\128\\139"],
    ids=["header", "line", "fragment", "query", "backslash", "user", "blank", "zero", "no width"],
)
def test_a_base_url_that_could_be_read_in_two_ways_is_refused(run: Run, server: LLMServer, rest: str) -> None:
    source = f"""
    local fine, e = pcall(Agent.create, {{model = 'theirs', base_url = '{server.url}{rest}'}})
    return {{fine, e.kind, e.message}}
    """
    refused = value(run(source, policy=Policy(hosts=(server.url.removeprefix("http://"), "127.0.0.1"))))
    assert refused[:2] == [False, "validation"]
    assert "base_url must be an address like https://host:8000/v1, without user, password or query" in refused[2]
    assert server.chats == []


def test_agents_of_one_base_url_share_its_connections(providers: ProviderManager) -> None:
    """A client of HTTP takes a megabyte, and a script may make many agents."""
    own: dict[str, ProviderManager] = {}
    given = {"model": "theirs", "base_url": "http://localhost:9/v1"}
    made = [
        read_config(given, name="a", providers=providers, own=own, policy=Policy(hosts=("localhost",)), tools={})
        for _ in range(2)
    ]
    assert made[0].candidates[0].provider is made[1].candidates[0].provider
    assert list(own) == ["http://localhost:9/v1"]


def test_an_unknown_field_names_the_nearest(run: Run) -> None:
    source = "local fine, e = pcall(Agent.create, {model = 'local/x', max_token = 3}) return {e.kind, e.message}"
    assert value(run(source)) == ["validation", "Agent.create: there is no 'max_token'; did you mean max_tokens?"]


@pytest.mark.parametrize("how", ["agent:execute('x')", "for _ in agent:stream('x') do end"], ids=["whole", "stream"])
def test_an_answer_that_cannot_be_taken_is_paid_for(run: Run, server: LLMServer, how: str) -> None:
    """It was made: a script that asks for what is refused would else spend without a bound."""
    server.answer(Answer(tool_calls=[ToolCall("calculator", {"expression": "1"}, piece_size=100)] * 200))
    source = f"""
    local agent = Agent.create{{model = 'local/some-model'}}
    local fine, e = pcall(function() {how} end)
    return {{fine, e.message}}
    """
    outcome = run(source)
    assert value(outcome)[0] is False
    assert "its answer asks for more than 128 calls of tools" in value(outcome)[1]
    assert outcome.usage.completion_tokens > 128


def test_an_agents_own_budgets_are_errors_that_can_be_caught(run: Run, server: LLMServer) -> None:
    server.answer(Answer("hi", usage=Usage(10, 10)))
    source = """
    local agent = Agent.create{name = 'a', model = 'local/some-model', max_calls = 1}
    agent:execute('x')
    local fine, e = pcall(agent.execute, agent, 'x')
    local poor = Agent.create{name = 'b', model = 'local/priced', max_cost_usd = 0.0001}
    local fine, f = pcall(poor.execute, poor, 'x')
    local short = Agent.create{name = 'c', model = 'local/some-model', max_tokens_total = 5}
    local fine, g = pcall(function() for _ in short:stream('x') do end end)
    return {e.kind, e.message, f.kind, f.message, g.kind, g.message}
    """
    kinds = value(run(source))
    assert kinds[::2] == ["budget"] * 3
    assert kinds[1] == "agent a would use 2 of its 1 calls with this call; it was not sent"
    assert "USD" in kinds[3]
    assert "of its 5 tokens" in kinds[5]
    assert len(server.chats) == 1


def test_a_bound_of_a_grant_holds_for_all_agents_together(run: Run, server: LLMServer) -> None:
    server.answer("hi")
    source = """
    local function one() return Agent.create{model = 'local/some-model'}:execute('x').text end
    local function ask() return pcall(one) end
    local _, first = ask()
    local fine, second = ask()
    return {first, second.kind}
    """
    policy = default_policy()._replace(model_bounds={"local/*": ModelGrant(max_calls=1)})
    assert value(run(source, policy=policy)) == ["hi", "budget"]


@pytest.mark.parametrize(
    ("limits", "model", "name"),
    [
        (Limits(tokens=20), "some-model", "tokens"),
        (Limits(cost=0.0001), "priced", "cost"),
        (Limits(model_calls=0), "some-model", "model_calls"),
    ],
    ids=["tokens", "cost", "calls"],
)
def test_a_limit_of_the_run_ends_it_before_anything_is_sent(
    run: Run, server: LLMServer, limits: Limits, model: str, name: str
) -> None:
    outcome = run(f"pcall(function() Agent.create{{model = 'local/{model}'}}:execute('x') end)", limits=limits)
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert outcome.limit.name == name
    assert outcome.limit.used > outcome.limit.allowed
    assert server.chats == []


def test_parallel_calls_that_together_cross_a_limit_are_not_sent(run: Run) -> None:
    source = """
        local all = {}
        for i = 1, 12 do all[i] = function() return agent:execute('x').text end end
        return parallel(all)
    """
    with LLMServer() as server:  # what is still on its way when the run ends would come to the next test
        server.answer(Answer("hi", usage=Usage(10, 10)))
        local = ProviderSettings(base_url=server.base_url, max_retries=0, prices={"some-model": Price(0.0, 0.0)})
        with ProviderManager({"local": local}, environ={}) as own:
            outcome = run(AGENT + source, limits=Limits(model_calls=5, wall=200), own=own)
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed, outcome.limit.used) == ("model_calls", 5, 6)
    assert len(server.chats) <= 5


def test_a_long_answer_is_asked_for_shorter_rather_than_not_at_all(run: Run, server: LLMServer) -> None:
    server.answer(Answer("cut", finish_reason="length"))
    outcome = run(AGENT + "return agent:execute('x').metadata.finish_reason", limits=Limits(tokens=1000, wall=200))
    assert value(outcome) == "length"
    assert 500 < (server.chats[0].json.get("max_tokens") or server.chats[0].json["max_completion_tokens"]) < 1000


class Nameless(EchoProvider):
    """A model whose price nobody knows; 100 tokens each time."""

    def estimate(self, request: ModelRequest) -> Estimate:
        return super().estimate(request)._replace(cost_usd=None)

    def complete(self, request: ModelRequest) -> Completion:
        return super().complete(request)._replace(prompt_tokens=60, completion_tokens=40, cost_usd=None)


def test_an_unknown_price_is_charged_by_rule_and_said_with_what_to_do() -> None:
    with ProviderManager(environ={}) as providers:
        providers._made["echo"] = Nameless("far")
        said: list[str] = []
        runtime = ScriptRuntime.with_lua(
            providers=providers,
            policy=default_policy()._replace(unknown_price=1000.0),
            log=lambda _level, message, _fields: said.append(message),
        )
        source = "local agent = Agent.create{model = 'echo/x'} agent:execute('x') return agent:execute('x').metadata"
        outcome = runtime.execute(source)
    assert "cost_usd" not in value(outcome)
    assert outcome.usage.cost_usd == outcome.usage.cost_by_rule_usd == pytest.approx(0.2)
    assert len([line for line in said if "providers.far.prices" in line and "1000 USD" in line]) == 1


def test_a_server_on_this_machine_costs_nothing_unless_it_has_a_price(run: Run, server: LLMServer) -> None:
    server.answer(Answer("hi", usage=Usage(600, 400)))
    outcome = run(
        "for _, m in ipairs{'nameless', 'priced'} do Agent.create{model = 'local/' .. m}:execute('x') end",
        limits=Limits(cost=100, wall=200),
    )
    assert outcome.verdict is Verdict.OK
    assert (outcome.usage.cost_usd, outcome.usage.cost_by_rule_usd) == (1.0, 0.0)


FAILURES: dict[str, tuple[Any, str]] = {
    "400": (Failure(400), "provider"),
    "401": (Failure(401), "provider"),
    "404": (Failure(404), "not_found"),
    "429": (Failure(429), "provider"),
    "429 with Retry-After": (Failure(429, retry_after=0.1), "provider"),
    "500": (Failure(500), "provider"),
    "529": (Failure(529), "provider"),
    "no JSON": (Plain(b"nonsense"), "provider"),
    "an answer of 10 MB": (Answer("x" * 10_000_000), "provider"),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("how", ["execute", "stream"])
def test_whatever_a_provider_does_is_an_error_that_the_script_catches(
    run: Run, server: LLMServer, failure: str, how: str
) -> None:
    reply, kind = FAILURES[failure]
    server.answer(reply)
    ask = "agent:execute('x')" if how == "execute" else "for _ in agent:stream('x') do end"
    outcome = run(
        AGENT + f"local fine, e = pcall(function() {ask} end) return {{fine, e.kind, e.details.provider, tostring(e)}}"
    )
    fine, got, provider, message = value(outcome)
    assert (fine, got, provider) == (False, kind, "local"), message
    assert outcome.usage.model_calls == 1


BREAKS = {"reset": Fault.RESET, "closed": Fault.CLOSE, "cut short": Fault.STOP}


@pytest.mark.parametrize("fault", BREAKS)
def test_nothing_of_a_stream_that_dies_is_lost(run: Run, server: LLMServer, fault: str) -> None:
    gate = Gate()
    server.queue(Answer(pieces=["one ", "two ", gate, BREAKS[fault]]))
    got = value(
        run(
            AGENT
            + """
            local got = {}
            local fine, e = pcall(function()
              for chunk in agent:stream('x') do
                got[#got + 1] = chunk.text
                if #got == 2 then Tool.execute('open') end
              end
            end)
            return {got, e.kind, e.details.text}
            """,
            _opens(gate),
        )
    )
    assert got == [["one ", "two "], "provider", "one two "]


def _opens(gate: Gate) -> Callable[[], None]:
    def open() -> None:
        gate.open()

    return open


@pytest.mark.parametrize("how", ["execute", "execute of several models", "stream"])
def test_cancelling_a_run_that_waits_for_a_model_closes_its_connection(run: Run, server: LLMServer, how: str) -> None:
    reached, cancellation = Gate(), Cancellation()
    reached.open()
    server.queue(Answer(pieces=["one ", reached, Fault.SILENCE]))
    ask = {
        "execute": "agent:execute('x')",
        "execute of several models": "Agent.create{models = {'local/a', 'other/b'}}:execute('x')",
        "stream": "for _ in agent:stream('x') do end",
    }[how]

    def cancel() -> None:
        reached.wait_until_reached()
        cancellation.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    outcome = run(AGENT + ask, cancellation=cancellation)
    thread.join()
    assert outcome.verdict is Verdict.CANCELLED
    (request,) = server.chats
    assert request.ended.wait(DEADLINE / 2)
    assert request.hung_up


@pytest.mark.parametrize("how", ["execute", "stream"])
def test_a_limit_of_the_run_closes_the_connection_that_is_waited_for(run: Run, server: LLMServer, how: str) -> None:
    server.answer("hello", match="first")
    server.answer(Answer(pieces=["one ", Fault.SILENCE]))
    ask = "agent:execute('x')" if how == "execute" else "for _ in agent:stream('x') do end"
    assert run(AGENT + "agent:execute('first')").ok  # litellm is loaded
    server.requests.clear()
    for wall in growing(1.0):
        outcome = run(AGENT + ask, limits=Limits(wall=wall))
        if server.chats:
            break  # and otherwise it did not come so far
    assert (outcome.verdict, outcome.limit and outcome.limit.name) == (Verdict.LIMIT, "wall")
    assert server.chats[0].ended.wait(DEADLINE / 2)
    assert server.chats[0].hung_up


@pytest.mark.parametrize(
    "leave",
    [
        "for _ in agent:stream('x') do break end",
        "pcall(function() for _ in agent:stream('x') do error('x') end end)",
        "(function() local s = agent:stream('x') s.next() end)() collectgarbage() collectgarbage()",
        "local s = agent:stream('x') s.next() s.close()",
        "KEEP = agent:stream('x') KEEP.next()",
    ],
    ids=["break", "error", "dropped", "closed", "the end of the run"],
)
def test_a_stream_that_is_left_closes_its_connection(run: Run, server: LLMServer, leave: str) -> None:
    server.queue(Answer(pieces=["one ", "two ", Fault.SILENCE]))
    value(run(f"{AGENT};{leave}"))
    assert server.chats[0].ended.wait(DEADLINE / 2)
    assert server.chats[0].hung_up


def test_no_thread_of_a_run_waits_for_a_provider_when_it_is_over(run: Run, server: LLMServer) -> None:
    server.answer(Answer(pieces=["one ", Fault.SILENCE]))
    run(
        AGENT
        + """
        parallel{
          function() for _ in agent:stream('a') do end end,
          function() agent:execute('b') end,
          function() sleep(0.3) os.exit(3) end,
        }
        """
    )
    for request in server.chats:
        assert request.ended.wait(DEADLINE / 2)
    for thread in threading.enumerate():
        if thread.name == "process_request_thread":
            thread.join(DEADLINE / 2)
            assert not thread.is_alive()


def test_a_slow_script_slows_the_server_and_nothing_piles_up(run: Run, server: LLMServer) -> None:
    pieces = ["x" * 1000] * 20_000
    server.queue(Answer(pieces=pieces))
    sent: list[int] = []

    def look() -> int:
        sent.append(server.chats[0].sent)
        return sent[-1]

    source = """
    local read = 0
    for chunk in agent:stream('x') do
      read = read + 1
      if read == 50 then break end
      if read == 10 or read == 49 then sleep(0.4) Tool.execute('look') end
    end
    """
    value(run(AGENT + source, look, limits=Limits(tokens=10**9, wall=200)))
    assert server.chats[0].ended.wait(DEADLINE / 2)
    assert server.chats[0].hung_up
    assert len(sent) == 2
    assert sent[1] < 15_000_000  # of 22 MB: what the kernel's buffers hold, and what was read


def test_two_streams_and_calls_in_parallel_keep_apart(run: Run, server: LLMServer) -> None:
    source = """
    local function read(text)
      return function()
        local parts = {}
        for chunk in Agent.create{model = 'local/some-model'}:stream(text) do parts[#parts + 1] = chunk.text end
        return table.concat(parts)
      end
    end
    local function ask(text)
      return function() return Agent.create{model = 'local/some-model'}:execute(text).text end
    end
    return parallel{read('one two three'), ask('four'), read('five six'), ask('seven')}
    """
    server.answer(lambda request: Answer(request.last_input))
    assert value(run(source)) == ["one two three", "four", "five six", "seven"]
