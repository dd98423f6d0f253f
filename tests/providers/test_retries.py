"""Calls that are sent again: which, when, how often, and how waiting ends. Time is a clock of the test's."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.attempts import LONGEST_WAIT, Attempts
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.pace import Pace
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, Failure, Fault, LLMServer
from llmspell.testing.answers import Reply
from tests.providers.conftest import DEADLINE, ask

STREAMS = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])


class Time:
    """A clock that moves only while somebody waits, and notes for how long."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return event.is_set()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def patient(server: LLMServer, time: Time) -> Iterator[LiteLLMProvider]:
    """A provider that tries three times, on the test's clock."""
    settings = ProviderSettings(base_url=server.base_url, timeout_seconds=20)
    provider = LiteLLMProvider("local", settings, environ={}, clock=time.clock, wait=time.wait, chance=lambda: 0.0)
    yield provider
    provider.close()


def answered(provider: LiteLLMProvider, *, streams: bool) -> str:
    if not streams:
        return provider.complete(ask()).text
    return "".join(chunk.text for chunk in provider.stream(ask()))


@STREAMS
@pytest.mark.parametrize(
    "failure",
    [Failure(503), Failure(529), Failure(408), Answer(pieces=[Fault.CLOSE])],
    ids=["503", "529", "408", "dies"],
)
def test_what_passes_is_tried_again_with_a_growing_wait(
    server: LLMServer, patient: LiteLLMProvider, time: Time, streams: bool, failure: Reply
) -> None:
    server.queue(failure, failure)
    assert answered(patient, streams=streams) == "hello"
    assert time.waits == [0.5, 1.0]
    assert len(server.requests) == 3


@STREAMS
def test_the_provider_says_how_long_to_wait(
    server: LLMServer, patient: LiteLLMProvider, time: Time, streams: bool
) -> None:
    server.queue(Failure(429, retry_after=7))
    assert answered(patient, streams=streams) == "hello"
    assert time.now == pytest.approx(7)


@STREAMS
def test_the_last_error_says_how_often_was_tried(
    server: LLMServer, patient: LiteLLMProvider, time: Time, streams: bool
) -> None:
    server.queue(Failure(500), Failure(502), Failure(503))
    with pytest.raises(CallError, match=r"answered 503: .* \(tried 3 times\)$") as caught:
        answered(patient, streams=streams)
    assert caught.value.details["attempts"] == 3
    assert (caught.value.details["status"], caught.value.details["retryable"]) == (503, True)
    assert len(time.waits) == 2


@STREAMS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_does_not_pass_is_sent_once(
    server: LLMServer, patient: LiteLLMProvider, time: Time, streams: bool, status: int
) -> None:
    server.queue(Failure(status))
    with pytest.raises(CallError):
        answered(patient, streams=streams)
    assert (len(server.requests), time.waits) == (1, [])


@pytest.mark.parametrize("after", [25, LONGEST_WAIT + 1], ids=["over the deadline", "over the longest wait"])
def test_a_wait_that_is_too_long_is_the_callers(
    server: LLMServer, patient: LiteLLMProvider, time: Time, after: float
) -> None:
    server.queue(Failure(503, retry_after=after))
    with pytest.raises(CallError) as caught:
        patient.complete(ask())
    assert caught.value.details["retry_after"] == after
    assert time.waits == []


def test_nothing_is_asked_again_once_a_chunk_is_out(server: LLMServer, patient: LiteLLMProvider, time: Time) -> None:
    server.queue(Answer(pieces=["half ", Fault.CLOSE]))
    stream = patient.stream(ask())
    assert next(stream).text == "half "
    with pytest.raises(CallError, match="broke off its answer"):
        next(stream)
    assert (len(server.requests), time.waits) == (1, [])


def test_closing_ends_the_wait_for_a_retry(server: LLMServer) -> None:
    server.queue(Failure(429, retry_after=25))
    waits = threading.Event()

    def wait(event: threading.Event, seconds: float) -> bool:
        waits.set()
        return event.wait(seconds)

    provider = LiteLLMProvider("local", ProviderSettings(base_url=server.base_url), environ={}, wait=wait)
    errors: list[CallError] = []

    def read() -> None:
        try:
            provider.complete(ask())
        except CallError as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert waits.wait(DEADLINE)
    provider.close()
    reader.join(DEADLINE)
    assert not reader.is_alive()
    assert "closed before it was sent" in errors[0].message
    assert len(server.requests) == 1


def test_other_calls_wait_while_the_provider_wants_quiet(server: LLMServer, time: Time) -> None:
    settings = ProviderSettings(base_url=server.base_url, max_retries=0, timeout_seconds=20)
    provider = LiteLLMProvider("local", settings, environ={}, clock=time.clock, wait=time.wait)
    server.queue(Failure(429, retry_after=5))
    with pytest.raises(CallError):
        provider.complete(ask())
    assert provider.complete(ask()).text == "hello"
    provider.close()
    assert time.waits == [5.0]


def test_so_many_requests_a_minute(server: LLMServer, time: Time) -> None:
    settings = ProviderSettings(base_url=server.base_url, requests_per_minute=2, timeout_seconds=90)
    provider = LiteLLMProvider("local", settings, environ={}, clock=time.clock, wait=time.wait)
    for _ in range(5):
        provider.complete(ask())
    provider.close()
    assert time.waits == [60.0, 60.0]


def test_a_gate_that_opens_too_late_is_an_error_that_names_it(server: LLMServer, time: Time) -> None:
    settings = ProviderSettings(base_url=server.base_url, requests_per_minute=1, timeout_seconds=20)
    provider = LiteLLMProvider("local", settings, environ={}, clock=time.clock, wait=time.wait)
    provider.complete(ask())
    with pytest.raises(CallError, match=r"may not be asked for another 60 s .*requests_per_minute") as caught:
        provider.complete(ask())
    provider.close()
    assert caught.value.kind is ErrorKind.PROVIDER
    assert (caught.value.details["retryable"], caught.value.details["retry_after"]) == (True, 60.0)
    assert len(server.requests) == 1


def test_parallel_calls_share_the_gate() -> None:
    pace = Pace(3, lambda: 0.0)
    entered = [pace.enter() for _ in range(5)]
    assert entered == [0.0, 0.0, 0.0, 60.0, 60.0]


def test_jitter_spreads_retries() -> None:
    time = Time()

    def fail() -> None:
        raise CallError(ErrorKind.PROVIDER, "busy", {"retryable": True})

    for chance in (0.0, 1.0):
        attempts = Attempts(
            "p",
            Pace(None, lambda: 0.0),
            max_retries=1,
            seconds=60,
            clock=lambda: 0.0,
            wait=time.wait,
            chance=lambda chance=chance: chance,  # type: ignore[misc]
        )
        with pytest.raises(CallError, match=r"busy \(tried 2 times\)"):
            attempts.run(fail)
    assert time.waits == [0.5, 0.625]


def test_loading_a_library_is_no_time_of_the_call(time: Time) -> None:
    attempts = Attempts("p", Pace(None, time.clock), max_retries=0, seconds=1, clock=time.clock, wait=time.wait)

    def load() -> float:
        time.now += 3
        attempts.allow(3)
        return attempts.seconds_left

    assert attempts.run(load) == pytest.approx(1)
