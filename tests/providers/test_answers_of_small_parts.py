"""An answer of many small parts is dropped before it is read: they take fifty times their bytes."""

from __future__ import annotations

import json
import random

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.parts import MOST_VALUES, Values
from llmspell.providers.provider import Provider
from llmspell.testing import LLMServer, Plain
from tests.providers.conftest import MakeProvider, ask

MANY = b"{}," * MOST_VALUES
SENT_AS = {"content-type": "text/event-stream"}


def why(provider: Provider, *, streams: bool) -> str:
    with pytest.raises(CallError) as raised:
        next(provider.stream(ask())) if streams else provider.complete(ask())
    assert raised.value.kind is ErrorKind.PROVIDER
    return raised.value.message


@pytest.mark.parametrize("name", ["local", "mistral"])
def test_a_document_of_many_values_is_dropped(server: LLMServer, make: MakeProvider, name: str) -> None:
    server.queue(Plain(b'{"x":[' + MANY + b"{}]}"))
    assert "its answer holds over 1,000,000 values, so it was dropped" in why(make(name), streams=False)


def test_an_event_of_many_values_is_dropped(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Plain(b'data: {"x":[' + MANY + b"{}]}\n\n", headers=SENT_AS))
    assert "an event of its answer holds over 1,000,000 values, so it was dropped" in why(make(), streams=True)


def test_an_event_of_many_lines_is_dropped(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Plain(b"xx\n" * 100_000, headers=SENT_AS))
    assert "an event of its answer has over 65,536 lines, so it was dropped" in why(make(), streams=True)


def test_many_commas_in_a_text_are_one_value(server: LLMServer, make: MakeProvider) -> None:
    text = '",[{\\' * 400_000
    server.queue(text)
    assert make().complete(ask()).text == text


def test_the_count_does_not_depend_on_how_the_text_is_cut() -> None:
    rolled = random.Random(1)
    for _ in range(500):
        made = [rolled.choice(['a"b', "\\", '\\"', ",{[", {"k\\": 1}, [], 7]) for _ in range(rolled.randrange(8))]
        text = json.dumps(made).encode()
        values, at = Values(), 0
        while at < len(text):
            size = rolled.randint(1, 4)
            values.feed(text[at : at + size])
            at += size
        inner = sum(type(one) in (dict, list) for one in made)
        assert values.count == Values().feed(text) == max(len(made), 1) + inner
