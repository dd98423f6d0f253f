"""The `echo` provider: deterministic, offline, exact."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.echo import EchoProvider, words
from llmspell.providers.provider import Chunk, ModelRequest, Provider


class Canned(NamedTuple):
    match: str
    answer: str
    exact: bool = True


def ask(*texts: str, role: str = "user") -> ModelRequest:
    return ModelRequest("echo", tuple({"role": role, "content": text} for text in texts))


def test_the_answer_is_the_last_user_message() -> None:
    messages = (
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "first"},
        {"role": "user", "content": "second one"},
        {"role": "assistant", "content": "no"},
    )
    answer = EchoProvider().complete(ModelRequest("any", messages))
    assert answer.text == "second one"
    assert (answer.model, answer.finish_reason, answer.cost_usd) == ("any", "stop", 0.0)


def test_tokens_are_words_of_all_messages_and_of_the_answer() -> None:
    answer = EchoProvider(answers={"b c": "one two  three"}).complete(ask("a", "b c"))
    assert (answer.prompt_tokens, answer.completion_tokens) == (3, 3)


def test_without_a_user_message_the_last_message_is_answered_and_without_any_nothing() -> None:
    assert EchoProvider().complete(ask("rules", role="system")).text == "rules"
    assert EchoProvider().complete(ModelRequest("echo", ())).text == ""


def test_a_message_that_is_no_text_counts_as_empty() -> None:
    request = ModelRequest("echo", ({"role": "user", "content": [{"type": "image"}]}, {"role": "user"}))
    assert EchoProvider().complete(request).text == ""


def test_a_table_answers_only_to_the_whole_input() -> None:
    provider = EchoProvider(answers={"capital of France?": "Paris"})
    assert provider.complete(ask("capital of France?")).text == "Paris"
    assert provider.complete(ask("capital of France? now")).text == "capital of France? now"


def test_the_first_canned_answer_that_fits_is_given() -> None:
    canned = [Canned("exactly", "1"), Canned("part", "2", exact=False), Canned("a part", "3")]
    provider = EchoProvider(answers=iter(canned))
    texts = [provider.complete(ask(text)).text for text in ("exactly", "a part", "not exactly", "a part")]
    assert texts == ["1", "2", "not exactly", "2"]


def test_a_stream_is_words_and_the_last_carries_the_whole_answer() -> None:
    chunks = list(EchoProvider().stream(ask("one  two three")))
    assert [chunk.text for chunk in chunks] == ["one  ", "two ", "three"]
    assert [chunk.final is not None for chunk in chunks] == [False, False, True]
    assert chunks[-1].final == EchoProvider().complete(ask("one  two three"))


def test_an_empty_answer_streams_one_empty_last_chunk() -> None:
    (chunk,) = EchoProvider().stream(ask(""))
    assert chunk.text == ""
    assert chunk.final is not None


@given(st.text())
def test_chunks_join_back_to_the_answer(text: str) -> None:
    assert "".join(words(text)) == text
    assert all(words(text))
    chunks: list[Chunk] = list(EchoProvider().stream(ask(text)))
    assert "".join(chunk.text for chunk in chunks) == text
    assert [chunk.final for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].final == EchoProvider().complete(ask(text))


def test_told_to_fail_it_fails_whole_and_streamed() -> None:
    provider = EchoProvider("broken", fail="no credit left")
    for call in (lambda: provider.complete(ask("x")), lambda: list(provider.stream(ask("x")))):
        with pytest.raises(CallError) as caught:
            call()
        assert caught.value.kind is ErrorKind.PROVIDER
        assert caught.value.message == "no credit left"
        assert caught.value.details == {
            "provider": "broken",
            "model": "echo",
            "status": None,
            "retryable": False,
        }


def test_a_delay_passes_before_the_answer_and_in_parts_before_the_chunks() -> None:
    slept: list[float] = []
    provider = EchoProvider(delay_seconds=2.0, sleep=slept.append)
    provider.complete(ask("a b"))
    assert slept == [2.0]
    stream = provider.stream(ask("a b"))
    assert slept == [2.0]
    assert next(stream).text == "a "
    assert slept == [2.0, 1.0]
    assert [chunk.text for chunk in stream] == ["b"]
    assert slept == [2.0, 1.0, 1.0]


def test_only_a_delay_makes_it_block() -> None:
    assert not EchoProvider().blocking
    assert EchoProvider(delay_seconds=0.1).blocking


def test_it_names_its_models() -> None:
    provider: Provider = EchoProvider()
    assert (provider.name, provider.default_model) == ("echo", "echo")
    assert provider.capabilities.available_models == ("echo",)
    assert provider.capabilities.supports_streaming
    named = EchoProvider("fake", default_model="small", models=("small", "large"))
    assert (named.default_model, named.capabilities.available_models) == ("small", ("small", "large"))
