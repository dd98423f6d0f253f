"""Several models as one: the next answers where the first cannot, and nobody answers for a refusal of ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.echo import EchoProvider
from llmspell.providers.fallback import with_fallbacks
from llmspell.providers.provider import Chunk, Completion, ModelRequest, Provider
from llmspell.testing import Answer, Failure, Fault, LLMServer
from tests.providers.conftest import MakeProvider, ask


class Failing(EchoProvider):
    """Fails in a given way."""

    def __init__(self, error: CallError) -> None:
        super().__init__("failing")
        self.error = error
        self.asked: list[str] = []

    def complete(self, request: ModelRequest) -> Completion:
        self.asked.append(request.model)
        raise self.error

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        self.asked.append(request.model)
        raise self.error
        yield


def error(kind: ErrorKind, message: str = "no", **details: Any) -> CallError:
    return CallError(kind, message, {"provider": "failing", "status": None, "retryable": False, **details})


def answer(provider: Provider, *, streams: bool) -> str:
    if not streams:
        return provider.complete(ask()).text
    return "".join(chunk.text for chunk in provider.stream(ask()))


STREAMS = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])


@STREAMS
@pytest.mark.parametrize(
    "failure",
    [
        error(ErrorKind.PROVIDER, status=503, retryable=True),
        error(ErrorKind.TIMEOUT, retryable=True),
        error(ErrorKind.NOT_FOUND, status=404),
        error(ErrorKind.PROVIDER, status=401),
        error(ErrorKind.PROVIDER),
    ],
    ids=["busy", "late", "unknown model", "wrong key", "no key"],
)
def test_the_next_is_asked_for_its_own_model(failure: CallError, streams: bool) -> None:
    first = Failing(failure)
    assert answer(with_fallbacks([(first, "a"), (EchoProvider(), "b")]), streams=streams) == "hi"
    assert first.asked == ["a"]


@STREAMS
@pytest.mark.parametrize(
    "failure",
    [
        error(ErrorKind.BUDGET),
        error(ErrorKind.DENIED),
        error(ErrorKind.VALIDATION),
        error(ErrorKind.PROVIDER, status=400),
        error(ErrorKind.PROVIDER, closed=True),
    ],
    ids=["budget", "denied", "validation", "bad request", "closed"],
)
def test_nobody_else_is_asked_where_the_request_is_at_fault(failure: CallError, streams: bool) -> None:
    with pytest.raises(CallError) as caught:
        answer(with_fallbacks([(Failing(failure), "a"), (EchoProvider(), "b")]), streams=streams)
    assert caught.value is failure


@STREAMS
def test_the_last_error_names_all(server: LLMServer, make: MakeProvider, streams: bool) -> None:
    server.queue(Failure(503, "first is busy"), Failure(404, "second is gone"))
    both = with_fallbacks([(make(), "one"), (make("mistral"), "two")])
    with pytest.raises(
        CallError, match=r"none of 2 models answered: .*first is busy.*; then .*second is gone"
    ) as caught:
        answer(both, streams=streams)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    assert [(each["model"], each["status"]) for each in caught.value.details["tried"]] == [("one", 503), ("two", 404)]


def test_nobody_else_is_asked_once_a_chunk_is_out(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Answer(pieces=["half ", Fault.CLOSE]))
    stream = with_fallbacks([(make(), "one"), (EchoProvider(), "two")]).stream(ask())
    assert next(stream).text == "half "
    with pytest.raises(CallError, match="broke off its answer"):
        next(stream)
    assert next(stream, None) is None


def test_closing_closes_the_one_that_is_read(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Failure(503), Answer(pieces=["first ", Fault.SILENCE]))
    stream = with_fallbacks([(make(), "one"), (make(), "two")]).stream(ask())
    assert next(stream).text == "first "
    closer = threading.Thread(target=stream.close)  # type: ignore[attr-defined]
    closer.start()
    closer.join(60)
    assert server.requests[1].ended.wait(60)
    assert server.requests[1].hung_up
    assert next(stream, None) is None


def test_what_it_takes_is_what_the_dearest_takes(make: MakeProvider) -> None:
    request = ask()._replace(max_tokens=100)
    both = with_fallbacks([(make("openai"), "gpt-4o"), (make("openai"), "gpt-4o-mini")])
    assert both.estimate(request) == make("openai").estimate(request._replace(model="gpt-4o"))
    unknown = with_fallbacks([(make("openai"), "gpt-4o"), (make(), "nobody-knows")])
    assert unknown.estimate(request).cost_usd is None


def test_it_can_what_all_of_them_can() -> None:
    one, two = EchoProvider("one", models=("a",)), EchoProvider("two", models=("b",))
    both = with_fallbacks([(one, "a"), (two, "b")])
    assert (both.name, both.default_model, both.blocking) == ("one", "a", False)
    assert both.capabilities.available_models == ("a", "b")
    assert both.notice == one.notice


def test_nothing_is_no_fallback() -> None:
    with pytest.raises(ValueError, match="at least one"):
        with_fallbacks([])
