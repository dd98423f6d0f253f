"""Streamed answers of litellm, from a real server on loopback."""

from __future__ import annotations

import threading

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.litellm_provider import LiteLLMProvider
from tests.providers.conftest import LITELLM_WARNINGS, MakeProvider, ask
from tests.providers.model_server import DEADLINE, ModelServer, Reply, chunk

pytestmark = LITELLM_WARNINGS

WORDS = ["one ", "two ", "three"]
USAGE = {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}


def test_chunks_come_in_order_and_the_last_carries_the_figures(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.words(WORDS, USAGE)
    chunks = list(provider.stream(ask()))
    assert [chunk.text for chunk in chunks] == [*WORDS, ""]
    assert [chunk.final for chunk in chunks[:-1]] == [None] * 3
    final = chunks[-1].final
    assert final is not None
    assert final.text == "one two three"
    assert (final.prompt_tokens, final.completion_tokens) == (3, 9)
    assert (final.model, final.finish_reason, final.cost_usd) == ("some-model", "stop", None)
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


def test_a_known_model_has_a_cost_when_streamed(server: ModelServer, make: MakeProvider) -> None:
    server.reply = lambda reply: reply.words(WORDS, USAGE)
    final = list(make("openai").stream(ask(model="gpt-4o")))[-1].final
    assert final is not None
    assert final.cost_usd == pytest.approx(3 * 2.5e-6 + 9 * 10e-6)


def test_each_chunk_comes_before_the_next_one_is_sent(server: ModelServer, provider: LiteLLMProvider) -> None:
    go_on = [threading.Event() for _ in WORDS]

    def reply(reply: Reply) -> None:
        reply.begin_events()
        for word, event in zip(WORDS, go_on, strict=True):
            reply.event(chunk(word))
            assert event.wait(DEADLINE)
        reply.event(chunk(None, finish_reason="stop"))
        reply.end_events()

    server.reply = reply
    stream = provider.stream(ask())
    for word, event in zip(WORDS, go_on, strict=True):
        assert next(stream).text == word
        event.set()
    assert next(stream).final is not None
    assert next(stream, None) is None


@pytest.mark.parametrize("count", [5, 100])
def test_tokens_that_are_not_reported_are_counted_over_the_whole_stream(
    server: ModelServer, provider: LiteLLMProvider, count: int
) -> None:
    server.reply = lambda reply: reply.words(["word "] * count)
    final = list(provider.stream(ask("hi there")))[-1].final
    assert final is not None
    assert final.prompt_tokens > 0
    assert count <= final.completion_tokens <= count + 1


def test_a_long_stream_keeps_the_reported_figures(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.words([f"word{i} " for i in range(200)], USAGE)
    final = list(provider.stream(ask()))[-1].final
    assert final is not None
    assert (final.prompt_tokens, final.completion_tokens) == (3, 9)
    assert final.text == "".join(f"word{i} " for i in range(200))


def test_nothing_is_sent_before_the_first_chunk_is_wanted(server: ModelServer, provider: LiteLLMProvider) -> None:
    stream = provider.stream(ask())
    stream.close()  # type: ignore[attr-defined]
    assert next(stream, None) is None
    assert server.requests == []


def test_closing_early_closes_the_connection(server: ModelServer, provider: LiteLLMProvider) -> None:
    closed: list[bool] = []
    seen = threading.Event()

    def reply(reply: Reply) -> None:
        reply.begin_events()
        reply.event(chunk("first"))
        closed.append(reply.is_closed_by_client())
        seen.set()

    server.reply = reply
    stream = provider.stream(ask())
    assert next(stream).text == "first"
    stream.close()  # type: ignore[attr-defined]
    assert seen.wait(DEADLINE)
    assert closed == [True]
    assert next(stream, None) is None


@pytest.mark.parametrize("name", ["local", "mistral"])
def test_closing_wakes_a_thread_that_waits_for_a_chunk(server: ModelServer, make: MakeProvider, name: str) -> None:
    waiting, gone = threading.Event(), threading.Event()
    ends: list[str] = []

    def reply(reply: Reply) -> None:
        reply.begin_events()
        reply.event(chunk("first"))
        waiting.set()
        if reply.is_closed_by_client():
            gone.set()

    server.reply = reply
    stream = make(name).stream(ask())
    assert next(stream).text == "first"

    def read() -> None:
        try:
            ends.append(f"got {next(stream, None)}")
        except CallError as error:
            ends.append(error.message)

    reader = threading.Thread(target=read)
    reader.start()
    assert waiting.wait(DEADLINE)
    stream.close()  # type: ignore[attr-defined]
    reader.join(DEADLINE)
    assert not reader.is_alive()
    assert gone.wait(DEADLINE)
    closed = f"provider '{name}', model 'some-model': the call was closed before its answer ended"
    assert ends in ([closed], ["got None"]), "None if the thread began to wait after the close"
    assert next(stream, None) is None


def test_closing_before_the_first_byte_ends_the_call_at_that_byte(
    server: ModelServer, provider: LiteLLMProvider
) -> None:
    stream = provider.stream(ask())

    def reply(reply: Reply) -> None:
        stream.close()  # type: ignore[attr-defined]
        reply.words(WORDS, USAGE)

    server.reply = reply
    with pytest.raises(CallError, match="the call was closed before its answer ended"):
        next(stream)
    assert next(stream, None) is None


def test_a_stream_that_breaks_midway_is_an_error_after_its_chunks(
    server: ModelServer, provider: LiteLLMProvider
) -> None:
    read = threading.Event()

    def reply(reply: Reply) -> None:
        reply.begin_events()
        reply.event(chunk("half "))
        assert read.wait(DEADLINE)  # a reset would overtake what is not read yet
        reply.reset()

    server.reply = reply
    stream = provider.stream(ask())
    assert next(stream).text == "half "
    read.set()
    with pytest.raises(CallError, match="broke off its answer") as caught:
        next(stream)
    assert caught.value.kind is ErrorKind.PROVIDER
    assert caught.value.details == {
        "provider": "local",
        "model": "some-model",
        "status": None,
        "retryable": True,
    }
    assert next(stream, None) is None


def test_a_stream_that_ends_without_a_reason_is_no_short_success(
    server: ModelServer, provider: LiteLLMProvider
) -> None:
    def reply(reply: Reply) -> None:
        reply.begin_events()
        reply.event(chunk("half "))
        reply.raw(b"0\r\n\r\n")

    server.reply = reply
    stream = provider.stream(ask())
    assert next(stream).text == "half "
    with pytest.raises(CallError, match="broke off its answer without saying why; try again"):
        next(stream)


def test_a_silent_stream_times_out(server: ModelServer, make: MakeProvider) -> None:
    release = threading.Event()

    def reply(reply: Reply) -> None:
        reply.begin_events()
        reply.event(chunk("first"))
        release.wait(DEADLINE)

    server.reply = reply
    stream = make(timeout_seconds=0.3).stream(ask())
    assert next(stream).text == "first"
    with pytest.raises(CallError, match=r"no answer within 0\.3 s") as caught:
        next(stream)
    release.set()
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_a_refused_stream_is_an_error_at_its_first_chunk(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.json({"error": {"message": "slow down"}}, 429)
    stream = provider.stream(ask())
    with pytest.raises(CallError, match="answered 429: slow down") as caught:
        next(stream)
    assert caught.value.details["status"] == 429


def test_a_streamed_answer_over_the_cap_is_an_error(server: ModelServer, make: MakeProvider) -> None:
    server.reply = lambda reply: reply.words(["x" * 600] * 10, USAGE)
    stream = make(answer_cap=1000).stream(ask())
    assert next(stream).text == "x" * 600
    with pytest.raises(CallError, match="its answer is larger than 1000 bytes"):
        next(stream)


def test_one_endless_event_is_cut_off(server: ModelServer, make: MakeProvider) -> None:
    def reply(reply: Reply) -> None:
        reply.begin_events()
        while True:  # ends when the client hangs up
            reply.raw(b"10000\r\n%s\r\n" % (b"x" * 0x10000))

    server.reply = reply
    with pytest.raises(CallError, match=r"an event of its answer is larger than 1\.0 MiB, so it was dropped"):
        next(make(answer_cap=1000).stream(ask()))


def test_a_long_stream_of_small_events_is_not_one_large_answer(server: ModelServer, make: MakeProvider) -> None:
    def reply(reply: Reply) -> None:
        reply.begin_events()
        for _ in range(40):
            reply.event({**chunk(""), "padding": "p" * 60_000})
        reply.event(chunk("done", finish_reason="stop"))
        reply.end_events()

    server.reply = reply
    chunks = list(make(answer_cap=1000).stream(ask()))
    assert "".join(chunk.text for chunk in chunks) == "done"


def test_mistral_streams_through_the_watched_connection(server: ModelServer, make: MakeProvider) -> None:
    server.reply = lambda reply: reply.words(WORDS, USAGE)
    chunks = list(make("mistral").stream(ask()))
    assert "".join(chunk.text for chunk in chunks) == "one two three"
    assert chunks[-1].final is not None
    assert chunks[-1].final.completion_tokens == 9
