"""Streamed answers of litellm, from a real server on loopback."""

from __future__ import annotations

import threading

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.testing import Answer, Failure, Fault, Gate, LLMServer, Raw, Request, Usage
from tests.patience import growing
from tests.providers.conftest import DEADLINE, MakeProvider, ask

WORDS = ["one ", "two ", "three"]
ANSWER = Answer(pieces=WORDS, usage=Usage(3, 9))


def test_chunks_come_in_order_and_the_last_carries_the_figures(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(ANSWER)
    chunks = list(provider.stream(ask()))
    assert [chunk.text for chunk in chunks] == [*WORDS, ""]
    assert [chunk.final for chunk in chunks[:-1]] == [None] * 3
    final = chunks[-1].final
    assert final is not None
    assert final.text == "one two three"
    assert (final.prompt_tokens, final.completion_tokens) == (3, 9)
    assert (final.model, final.finish_reason, final.cost_usd) == ("some-model", "stop", None)
    assert server.requests[0].json["stream_options"] == {"include_usage": True}


def test_a_known_model_has_a_cost_when_streamed(server: LLMServer, make: MakeProvider) -> None:
    server.queue(ANSWER)
    final = list(make("openai").stream(ask(model="gpt-4o")))[-1].final
    assert final is not None
    assert final.cost_usd == pytest.approx(3 * 2.5e-6 + 9 * 10e-6)


def test_each_chunk_comes_before_the_next_one_is_sent(server: LLMServer, provider: LiteLLMProvider) -> None:
    gates = [Gate() for _ in WORDS]
    server.queue(Answer(pieces=[piece for pair in zip(WORDS, gates, strict=True) for piece in pair]))
    stream = provider.stream(ask())
    for word, gate in zip(WORDS, gates, strict=True):
        assert next(stream).text == word
        gate.open()
    assert next(stream).final is not None
    assert next(stream, None) is None


@pytest.mark.parametrize("count", [5, 100])
def test_tokens_that_are_not_reported_are_counted_over_the_whole_stream(
    server: LLMServer, provider: LiteLLMProvider, count: int
) -> None:
    server.queue(Answer(pieces=["word "] * count, reports_usage=False))
    final = list(provider.stream(ask("hi there")))[-1].final
    assert final is not None
    assert final.prompt_tokens > 0
    assert count <= final.completion_tokens <= count + 1


def test_a_long_stream_keeps_the_reported_figures(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("".join(f"word{i} " for i in range(200)), usage=Usage(3, 9)))
    final = list(provider.stream(ask()))[-1].final
    assert final is not None
    assert (final.prompt_tokens, final.completion_tokens) == (3, 9)
    assert final.text == "".join(f"word{i} " for i in range(200))


def test_nothing_is_sent_before_the_first_chunk_is_wanted(server: LLMServer, provider: LiteLLMProvider) -> None:
    stream = provider.stream(ask())
    stream.close()  # type: ignore[attr-defined]
    assert next(stream, None) is None
    assert server.requests == []


def test_closing_early_closes_the_connection(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(pieces=["first", Fault.SILENCE]))
    stream = provider.stream(ask())
    assert next(stream).text == "first"
    stream.close()  # type: ignore[attr-defined]
    assert server.requests[0].ended.wait(DEADLINE)
    assert server.requests[0].hung_up
    assert next(stream, None) is None


@pytest.mark.parametrize("name", ["local", "mistral"])
def test_closing_wakes_a_thread_that_waits_for_a_chunk(server: LLMServer, make: MakeProvider, name: str) -> None:
    ends: list[str] = []
    waiting = Gate()
    waiting.open()
    server.queue(Answer(pieces=["first", waiting, Fault.SILENCE]))
    stream = make(name).stream(ask())
    assert next(stream).text == "first"

    def read() -> None:
        try:
            ends.append(f"got {next(stream, None)}")
        except CallError as error:
            ends.append(error.message)

    reader = threading.Thread(target=read)
    reader.start()
    waiting.wait_until_reached()
    stream.close()  # type: ignore[attr-defined]
    reader.join(DEADLINE)
    assert not reader.is_alive()
    assert server.requests[0].ended.wait(DEADLINE)
    assert server.requests[0].hung_up
    closed = f"provider '{name}', model 'some-model': the call was closed before its answer ended"
    assert ends in ([closed], ["got None"]), "None if the thread began to wait after the close"
    assert next(stream, None) is None


def test_closing_before_the_first_byte_ends_the_call_at_that_byte(server: LLMServer, provider: LiteLLMProvider) -> None:
    stream = provider.stream(ask())

    def reply(_: Request) -> Answer:
        stream.close()  # type: ignore[attr-defined]
        return ANSWER

    server.queue(reply)
    with pytest.raises(CallError, match="the call was closed before its answer ended"):
        next(stream)
    assert next(stream, None) is None


def test_a_stream_that_breaks_midway_is_an_error_after_its_chunks(server: LLMServer, provider: LiteLLMProvider) -> None:
    read = Gate()  # a reset would overtake what is not read yet
    server.queue(Answer(pieces=["half ", read, Fault.RESET]))
    stream = provider.stream(ask())
    assert next(stream).text == "half "
    read.open()
    with pytest.raises(CallError, match="broke off its answer") as caught:
        next(stream)
    assert caught.value.kind is ErrorKind.PROVIDER
    assert caught.value.details == {  # and no answered_bytes: what had come is in the chunk
        "provider": "local",
        "model": "some-model",
        "status": None,
        "retryable": True,
    }
    assert next(stream, None) is None


def test_a_stream_that_ends_without_a_reason_is_no_short_success(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(pieces=["half ", Fault.STOP]))
    stream = provider.stream(ask())
    assert next(stream).text == "half "
    with pytest.raises(CallError, match="broke off its answer without saying why; try again"):
        next(stream)


def test_a_silent_stream_times_out(server: LLMServer, make: MakeProvider) -> None:
    for seconds in growing(0.3):
        server.queue(Answer(pieces=["first", Fault.SILENCE]))
        came: list[str] = []
        with pytest.raises(CallError, match=f"no answer within {seconds:g} s") as caught:
            came.extend(chunk.text for chunk in make(timeout_seconds=seconds).stream(ask()))
        assert caught.value.kind is ErrorKind.TIMEOUT
        if came:
            break  # and otherwise the machine was too busy for it
    assert came == ["first"]


def test_a_refused_stream_is_an_error_at_its_first_chunk(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Failure(429, "slow down"))
    stream = provider.stream(ask())
    with pytest.raises(CallError, match="answered 429: slow down") as caught:
        next(stream)
    assert caught.value.details["status"] == 429


def test_a_streamed_answer_over_the_cap_is_an_error(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Answer(pieces=["x" * 600] * 10))
    stream = make(answer_cap=1000).stream(ask())
    assert next(stream).text == "x" * 600
    with pytest.raises(CallError, match="its answer is larger than 1000 bytes"):
        next(stream)


def test_one_endless_event_is_cut_off(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Answer(pieces=["", Fault.FLOOD]))
    with pytest.raises(CallError, match=r"an event of its answer is larger than 1\.0 MiB, so it was dropped"):
        next(make(answer_cap=1000).stream(ask()))


def test_a_long_stream_of_small_events_is_not_one_large_answer(server: LLMServer, make: MakeProvider) -> None:
    padded = Raw(
        b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "pad": "'
        + b"p" * 60_000
        + b'"}\n\n'
    )
    server.queue(Answer(pieces=["", *[padded] * 40, "done"]))
    chunks = list(make(answer_cap=1000).stream(ask()))
    assert "".join(chunk.text for chunk in chunks) == "done"


def test_mistral_streams_through_the_watched_connection(server: LLMServer, make: MakeProvider) -> None:
    server.queue(ANSWER._replace(reports_usage=True))  # it does, and is not asked to
    chunks = list(make("mistral").stream(ask()))
    assert "".join(chunk.text for chunk in chunks) == "one two three"
    assert chunks[-1].final is not None
    assert chunks[-1].final.completion_tokens == 9
