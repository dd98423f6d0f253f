"""A provider within budgets: what a call takes at the most is held back before it is sent, and settled afterwards.

The rule kept here: every model call of a script goes through this class, so no way of asking (whole, as a stream, again
after a tool's answer, of the next model after one that failed) is outside the run's limits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from llmspell.capabilities.purse import Need, Purse
from llmspell.capabilities.spending import Reservation, Spending, known_cost
from llmspell.errors import CallError
from llmspell.providers.around import Ask, ProviderAround
from llmspell.providers.provider import Chunk, Estimate, ModelRequest, Provider, ProviderCapabilities

BYTES_PER_TOKEN = 4
"""Of text that broke off, where nobody says how many tokens it was."""


class Waiting(Protocol):
    """Is told when somebody begins to wait for a provider, and when that ends; from any thread, in pairs."""

    def begin(self) -> None: ...
    def end(self) -> None: ...


class NobodyWatches:
    """Is told and does nothing."""

    def begin(self) -> None:
        """Somebody waits."""

    def end(self) -> None:
        """Somebody has an answer, or will have none."""


NOBODY_WATCHES = NobodyWatches()


class BudgetedProvider(ProviderAround):
    """A provider whose calls are reserved in `purses` and in the run's; `model` is the one that it will be asked for.

    `rate` is USD for a token whose price nobody knows; `by_rule` is told the model when it is charged so. Calls raise
    LimitCrossed, and CallError (`budget`).
    """

    __slots__ = ("_by_rule", "_model", "_purses", "_rate", "_spending", "_waiting")

    def __init__(
        self,
        provider: Provider,
        spending: Spending,
        *,
        model: str | None = None,
        purses: Sequence[Purse] = (),
        rate: float = 0.0,
        by_rule: Callable[[str], None] = lambda _model: None,
        waiting: Waiting = NOBODY_WATCHES,
    ) -> None:
        super().__init__(provider)
        self._spending = spending
        self._model = model
        self._purses = tuple(purses)
        self._rate = rate
        self._by_rule = by_rule
        self._waiting = waiting

    @property
    def capabilities(self) -> ProviderCapabilities:
        """The model's, where the provider knows them, else the provider's."""
        return self.capabilities_of(self._model)

    def _asked(self, request: ModelRequest, ask: Ask) -> BudgetedStream:
        def open_stream() -> tuple[Iterator[Chunk], Reservation]:
            granted, reservation = self._reserve(request)
            try:
                return iter(ask(granted)), reservation
            except BaseException:
                reservation.release()
                raise

        return BudgetedStream(open_stream, rate=self._rate, waiting=self._waiting)

    def _need(self, found: Estimate) -> Need:
        prompt, answer = max(found.prompt_tokens, 0), max(found.completion_tokens, 0)
        cost = known_cost(found.cost_usd)
        return Need(prompt, answer, self._rate * (prompt + answer) if cost is None else cost)

    def _reserve(self, request: ModelRequest) -> tuple[ModelRequest, Reservation]:
        found = self._provider.estimate(request)
        by_rule = known_cost(found.cost_usd) is None and self._rate > 0
        if by_rule:
            self._by_rule(request.model)
        full = self._need(found)
        reservation = self._spending.reserve(
            self._purses,
            full,
            lambda: self._need(self._provider.estimate(request._replace(max_tokens=1))),
            may_wait=self._provider.blocking,
            media=_media_bytes(request),
        )
        reservation.by_rule = by_rule
        if reservation.need.completion_tokens < full.completion_tokens:
            request = request._replace(max_tokens=max(reservation.need.completion_tokens, 1))
        return request, reservation


class BudgetedStream:
    """The answer chunk by chunk: held back at the first, settled at the last. Any thread may close it."""

    __slots__ = ("_bytes", "_chunks", "_closed", "_made", "_open", "_rate", "_reading", "_reservation", "_waiting")

    def __init__(
        self,
        open_stream: Callable[[], tuple[Iterator[Chunk], Reservation]],
        *,
        rate: float,
        waiting: Waiting,
    ) -> None:
        self._open = open_stream
        self._rate = rate
        self._waiting = waiting
        self._chunks: Iterator[Chunk] | None = None
        self._reservation: Reservation | None = None
        self._made = self._bytes = 0
        self._closed = False
        self._reading = threading.Lock()

    def __iter__(self) -> BudgetedStream:
        return self

    def __next__(self) -> Chunk:
        """The next chunk. Raises LimitCrossed and CallError; StopIteration after the end, or once it is closed."""
        with self._reading:
            if self._closed:
                raise StopIteration
            self._waiting.begin()
            try:
                chunk = self._read()
            except CallError as error:
                self._closed = True
                self._bytes += _untaken_bytes(error)
                self._let_go()
                raise
            except BaseException:
                self._closed = True
                self._let_go()
                raise
            finally:
                self._waiting.end()
        if self._closed:  # while this thread waited
            self.close()
        return chunk

    def close(self) -> None:
        """Ends the stream and frees its connection. What has come is paid for, as far as that is known."""
        self._closed = True
        chunks = self._chunks
        closing = getattr(chunks, "close", None)
        if closing is not None:
            try:
                closing()
            except ValueError:
                pass  # a generator that runs on another thread: that thread closes it
        if self._reading.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._reading.release()

    def _read(self) -> Chunk:
        if self._chunks is None:
            self._chunks, self._reservation = self._open()
            self._reservation.end_call = self.close
            if self._closed:  # before there was anything to close
                raise StopIteration
        reservation = self._reservation
        assert reservation is not None
        reservation.moved(active=True)
        try:
            chunk = next(self._chunks)
        finally:
            reservation.moved(active=False)
        reservation.begun = True
        self._made += 1
        self._bytes += len(chunk.text) + (len(chunk.tool_call.written) if chunk.tool_call is not None else 0)
        if chunk.final is not None:
            reservation.settle(chunk.final, self._rate)
        return chunk

    def _let_go(self) -> None:
        """For whoever reads: there will be no more chunks."""
        closing = getattr(self._chunks, "close", None)
        if closing is not None:
            closing()
        if self._reservation is not None:
            if self._made or self._bytes:
                self._reservation.keep(max(self._made, self._bytes // BYTES_PER_TOKEN))
            else:
                self._reservation.release()


def _media_bytes(request: ModelRequest) -> int:
    """What the media of a request take, wherever they are now."""
    contents = (message.get("content") for message in request.messages)
    return sum(getattr(part, "size_bytes", 0) for content in contents if isinstance(content, list) for part in content)


def _untaken_bytes(error: CallError) -> int:
    """What had come of an answer beside its chunks and could not be taken: it was made, and is paid for."""
    answered = error.details.get("answered_bytes")
    return max(answered, 0) if type(answered) is int else 0
