"""`Agent`: every spelling, builders, state, and streams that come chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmspell import Policy, ProviderManager, Verdict
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import Capabilities, Chunk, Completion, ModelRequest
from tests.lua.spells import error, spell, value


@pytest.mark.parametrize(
    "config",
    [
        "{model = 'echo/echo'}", "{provider = 'echo', model = 'echo'}", "{provider = 'echo', model_name = 'echo'}",
        (
"{model = {provider = "
"'echo', model_id = 'echo'}}"
), "{model = {'echo', 'echo'}}", "{model = {provider = 'echo', model = 'echo'}}",
    ],
)  # fmt: skip
def test_a_model_is_named_in_any_of_the_ways(config: str) -> None:
    source = (
        f"local a = Agent.create{config} local c = a:get_config() return {{c.provider, c.model, a:execute('hi').text}}"
    )
    assert value(source) == ["echo", "echo", "hi"]


def test_agents_are_made_asked_and_found_in_every_spelling() -> None:
    source = """
    local made = {
      Agent.create{model = 'echo/echo', name = 'a'}, Agent.new{model = 'echo/echo', name = 'b'},
      Agent.createAsync{model = 'echo/echo', name = 'c'}, Agent.builder():name('d'):model('echo/echo'):build(),
    }
    local answers = {}
    for i, agent in ipairs(made) do
      answers[i] = {agent.name, tostring(agent), agent:execute('one').text, agent.execute('two').text,
        agent:invoke{text = 'three'}.text, agent.invoke{text = 'four'}.text}
    end
    return {answers, Agent.list(), tostring(Agent.get('b')), Agent.get('b'):execute('five').text,
      Agent.get('none') == nil}
    """
    answers, listed, name, five, no_agent = value(source)
    assert answers == [[name, name, "one", "two", "three", "four"] for name in "abcd"]
    assert (sorted(listed), name, five, no_agent) == (["a", "b", "c", "d"], "b", "five", True)


def test_an_answer_holds_text_and_metadata() -> None:
    answer = value("return Agent.create{model = 'echo/echo'}:execute('one two three')")
    assert answer["text"] == "one two three"
    assert {"content", "tool_calls", "media", "metadata"} <= answer.keys()
    metadata = answer["metadata"]
    assert metadata["model"] == "echo"
    assert (metadata["completion_tokens"], metadata["finish_reason"], metadata["cost_usd"]) == (3, "stop", 0.0)
    assert {"token_count", "prompt_tokens", "execution_time_ms"} <= metadata.keys()


def test_a_builder_chains_with_both_calls_and_appends_tools() -> None:
    source = """
    local b = Agent.builder()
    local tools = {'calculator'}
    local a = b:name('x').description('d'):model('echo'):provider('echo'):system_prompt('be brief'):temperature(0.5)
      :max_tokens(100):max_conversation_length(6):tools(tools):allow_tool('uuid_generator').build()
    local c = a:get_config()
    return {c.name, c.description, c.system_prompt, c.temperature, c.max_tokens, c.max_conversation_length,
      c.tools, tools,
      a:has_tool('uuid-generator'), a:hasTool('uuid_generator'), a:has_tool('hash-calculator')}
    """
    assert value(source) == [
        "x", "d", "be brief", 0.5, 100, 6, ["calculator", "uuid-generator"], ["calculator"], True, True, False,
    ]  # fmt: skip


def test_what_an_agent_may_not_be_is_an_error_that_says_so() -> None:
    refused = spell("Agent.builder():model('echo/echo'):base_url('http://evil'):build()")
    assert refused.verdict is Verdict.DENIED
    assert spell("Agent.create{model = 'echo/echo'}", policy=Policy()).verdict is Verdict.DENIED
    assert error("Agent.create{model = 'echo/echo', tempreture = 1}")[0] == "validation"
    assert error("Agent.create{model = 'echo/echo', temperature = 3}")[0] == "validation"
    assert error("Agent.create{model = 'echo/echo', tools = {'calculater'}}")[0] == "not_found"
    assert error("Agent.create{model = 'nobody/x'}")[0] in ("not_found", "provider")
    assert error("Agent.create('echo/echo')")[0] == "validation"
    assert error("Agent.create{model = 'echo/echo'}:execute()")[0] == "validation"
    assert error("local a = Agent.create{model = 'echo/echo'} a.id = 'other' a:execute('x')")[0] == "not_found"
    assert (
        error("Agent.create{model = 'echo/echo', name = 'x'} Agent.create{model = 'echo/echo', name = 'x'}")[0]
        == "validation"
    )


def test_state_metrics_and_reset_in_both_spellings() -> None:
    source = """
    local a = Agent.create{model = 'echo/echo', name = 'a'}
    a:set_state{n = 1, list = {1, 2}}
    local before = a:getState()
    a.setState{m = 2}
    a:execute('hi')
    local metrics = a:get_metrics()
    a:reset()
    return {before, a:get_state(), metrics ~= nil, a:getMetrics() ~= nil, a:getConfig().name}
    """
    assert value(source) == [{"n": 1, "list": [1, 2]}, {"m": 2}, True, True, "a"]


def test_an_agent_travels_as_its_name() -> None:
    assert value("local a = Agent.create{model = 'echo/echo', name = 'me'} return {a, JSON.stringify{a}}") == [
        "me",
        '["me"]',
    ]


class Paced(EchoProvider):
    """Notes when a chunk was asked for and when a stream was closed; fails at a word."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.noted: list[str] = []
        self._fails_at = fails_at

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        words = str(request.messages[-1]["content"]).split()
        try:
            for index, word in enumerate(words):
                self.noted.append(f"made {word}")
                if index == self._fails_at:
                    raise RuntimeError("connection lost")
                final = Completion(" ".join(words), "echo", 1, len(words)) if index == len(words) - 1 else None
                yield Chunk(word, final)
            self.noted.append("end")
        finally:
            self.noted.append("closed")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()


class Providers(ProviderManager):
    """One provider, called echo."""

    def __init__(self, provider: EchoProvider) -> None:
        super().__init__(environ={})
        self._made["echo"] = provider


AGENT = "local agent = Agent.create{model = 'echo/echo'} "


def _noting(source: str, provider: Paced, **options: Any) -> Any:
    def note(v: str) -> None:
        provider.noted.append(v)

    return value(AGENT + source, note, providers=Providers(provider), **options)


def test_a_stream_reaches_the_script_chunk_by_chunk_and_the_reader_sets_the_pace() -> None:
    provider = Paced()
    source = """
    local chunks = {}
    for chunk in agent:stream('a b c') do
      Tool.execute('note', {v = 'read ' .. chunk.text})
      chunks[#chunks + 1] = {chunk.text, chunk.index, chunk.is_final, chunk.metadata ~= nil}
    end
    return chunks
    """
    assert _noting(source, provider) == [["a", 0, False, False], ["b", 1, False, False], ["c", 2, True, True]]
    made_and_read = [note for note in provider.noted if note.split()[0] in ("made", "read")]
    assert made_and_read == ["made a", "read a", "made b", "read b", "made c", "read c"]


def test_output_between_chunks_is_seen_before_the_next_chunk_is_made() -> None:
    provider = Paced()
    seen: list[tuple[bytes, list[str]]] = []
    from tests.lua.spells import runtime

    source = AGENT + "for chunk in agent:stream('a b') do io.write(chunk.text) end"
    runtime(providers=Providers(provider)).execute(
        source, emit=lambda _stream, data: seen.append((data, list(provider.noted)))
    )
    assert seen[0] == (b"a", ["made a"])


def test_a_loop_that_is_left_closes_its_stream_at_once() -> None:
    provider = Paced()
    _noting("for chunk in agent:stream('a b c') do break end Tool.execute('note', {v = 'after'})", provider)
    assert provider.noted == ["made a", "closed", "after"]


@pytest.mark.parametrize(
    "drop",
    [
        "(function() local s = agent:stream('a b c') s.next() end)() collectgarbage() collectgarbage()",
        "local s = agent:stream('a b c') s.next() s.close() s.close()",
        "do local s <close> = agent:stream('a b c') s.next() end",
        "pcall(function() for chunk in agent:stream('a b c') do error('x') end end)",
        "pcall(agent.invokeStream, agent, 'a b c', function() error('x') end)",
        (
            "(function() coroutine.wrap(function() for chunk in agent:stream('a b c') do "
            "coroutine.yield() end end)() end)() collectgarbage() collectgarbage()"
        ),
    ],
)
def test_a_stream_that_is_dropped_is_closed(drop: str) -> None:
    provider = Paced()
    _noting(f";{drop} Tool.execute('note', {{v = 'after'}})", provider)
    assert provider.noted == ["made a", "closed", "after"]


def test_a_stream_that_is_open_when_the_run_ends_is_closed_by_the_host() -> None:
    provider = Paced()
    _noting("KEEP = agent:stream('a b c') KEEP.next()", provider)
    assert provider.noted == ["made a", "closed"]


def test_a_stream_is_an_iterator_with_next_and_is_done() -> None:
    source = """
    local s = agent:stream{text = 'a b'}
    local t = {s.isDone(), s.next().text, s().text, s.isDone(), s.next() == nil, s.isDone(), s.next() == nil,
      tostring(s):sub(1, 6)}
    return t
    """
    assert _noting(source, Paced()) == [False, "a", "b", False, True, True, True, "stream"]


def test_invoke_stream_runs_a_function_on_each_chunk() -> None:
    source = """
    local seen = {}
    local function each(chunk) seen[#seen + 1] = chunk.text end
    return {agent:invokeStream('a b c', each), agent.invokeStream({text = 'd'}, each),
      agent:invoke_stream('e', each), seen}
    """
    first, second, third, seen = _noting(source, Paced())
    assert first == {"success": True, "chunks_received": 3, "text": "abc"}
    assert (second["text"], third["chunks_received"], seen) == ("d", 1, ["a", "b", "c", "d", "e"])
    assert (
        error(AGENT + "agent:invokeStream('x')")[1]
        == "agent.invokeStream needs a function as its argument 2, not a nil"
    )


def test_a_stream_that_fails_on_its_way_raises_where_it_is_read() -> None:
    source = """
    local got = {}
    local fine, e = pcall(function() for chunk in agent:stream('a b c') do got[#got + 1] = chunk.text end end)
    return {fine, e.kind ~= nil, got}
    """
    assert _noting(source, Paced(fails_at=1)) == [False, True, ["a"]]


def test_two_streams_are_read_in_turn() -> None:
    source = """
    local one, two = agent:stream('a b'), Agent.create{model = 'echo/echo'}:stream('c d')
    return {one.next().text, two.next().text, one.next().text, two.next().text, one.next() == nil, two.next() == nil}
    """
    assert _noting(source, Paced()) == ["a", "c", "b", "d", True, True]


def test_streaming_makes_an_iterator_of_a_function() -> None:
    source = """
    local function numbers() for i = 1, 3 do Streaming.yield(i) end return 'ignored' end
    local looped = {}
    for v in Streaming.create(numbers) do looped[#looped + 1] = v end
    local s = Streaming.create(numbers)
    local stepped = {s.isDone(), s.next(), s.isDone(), s.next(), s.next(), s.isDone(), s.next() == nil}
    local partly = Streaming.create(numbers)
    partly.next()
    return {looped, Streaming.create(numbers).collect(), stepped, partly.collect(),
      Streaming.create(function() end).collect()}
    """
    assert value(source) == [[1, 2, 3], [1, 2, 3], [False, 1, False, 2, 3, True, True], [2, 3], []]


def test_an_error_in_a_generator_is_raised_by_next_and_by_collect() -> None:
    source = """
    local function fails() Streaming.yield(1) Tool.execute('none') end
    local s = Streaming.create(fails)
    s.next()
    local _, first = pcall(s.next)
    local _, second = pcall(Streaming.create(fails).collect)
    return {first.kind, second.kind, s.isDone(), s.next() == nil}
    """
    assert value(source) == ["not_found", "not_found", True, True]
    assert error("Streaming.yield(1)")[1] == "Streaming.yield works only inside a function given to Streaming.create"
    assert error("Streaming.create(5)")[0] == "validation"
    assert error("parallel{function() Streaming.yield(1) end}")[0] == "validation"


def test_a_generator_may_call_the_host_and_be_read_inside_parallel() -> None:
    source = """
    local function answers() for _, w in ipairs{'x', 'y'} do Streaming.yield(agent:execute(w).text) end end
    return parallel{function() return Streaming.create(answers).collect() end, function() return
      Streaming.create(answers).collect() end}
    """
    assert value(AGENT + source) == [["x", "y"], ["x", "y"]]
