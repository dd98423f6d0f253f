"""Several models as one provider: the next is asked when one fails in a way in which another could do better.

This file keeps the rules that a refusal of ours (a budget, a policy, a request that cannot be meant) is never answered
by asking somebody else, that nothing is asked twice once a part of its answer is out, and that the last error names
all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import (
    Chunk,
    Completion,
    Estimate,
    ModelRequest,
    Provider,
    ProviderCapabilities,
)

Candidate = tuple[Provider, str]
Open = Callable[[Provider, ModelRequest], Iterator[Chunk]]
"""How a candidate is asked."""

_PASSED_ON = frozenset({ErrorKind.PROVIDER, ErrorKind.TIMEOUT, ErrorKind.NOT_FOUND})
_REQUEST_AT_FAULT = frozenset({400, 413, 422})
"""What an HTTP status says of the request itself, which another service would not like better."""


def with_fallbacks(candidates: Sequence[Candidate]) -> Provider:
    """A provider that asks the candidates in turn. Raises ValueError without any."""
    if not candidates:
        raise ValueError("a fallback needs at least one candidate")
    return FallbackProvider(candidates)


def could_do_better(error: CallError) -> bool:
    """Whether another provider, or another model, might answer what failed so."""
    if error.kind not in _PASSED_ON or error.details.get("closed"):
        return False
    return bool(error.details.get("retryable")) or error.details.get("status") not in _REQUEST_AT_FAULT


class FallbackProvider:
    """Asks its candidates in turn; the model of a request is ignored, each candidate has its own."""

    __slots__ = ("_candidates",)

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = tuple(candidates)

    @property
    def name(self) -> str:
        """That of the first."""
        return self._candidates[0][0].name

    @property
    def blocking(self) -> bool:
        """Whether any of them waits."""
        return any(provider.blocking for provider, _ in self._candidates)

    @property
    def default_model(self) -> str | None:
        """That of the first candidate."""
        return self._candidates[0][1]

    @property
    def capabilities(self) -> ProviderCapabilities:
        """What all of them can do."""
        every = [provider.capabilities for provider, _ in self._candidates]
        windows = [can.max_context_tokens for can in every if can.max_context_tokens is not None]
        outputs = [can.max_output_tokens for can in every if can.max_output_tokens is not None]
        return every[0]._replace(
            supports_streaming=all(can.supports_streaming for can in every),
            supports_multimodal=_all([can.supports_multimodal for can in every]),
            max_context_tokens=min(windows, default=None),
            max_output_tokens=min(outputs, default=None),
            available_models=tuple(model for _, model in self._candidates),
            supports_tools=_all([can.supports_tools for can in every]),
            supports_structured_output=_all([can.supports_structured_output for can in every]),
            media=tuple(kind for kind in every[0].media if all(kind in can.media for can in every)),
        )

    @property
    def notice(self) -> str | None:
        """That of the first which has one."""
        return next((provider.notice for provider, _ in self._candidates if provider.notice is not None), None)

    def estimate(self, request: ModelRequest) -> Estimate:
        """The most that any of them takes; no cost where one of their prices is not known."""
        every = [provider.estimate(request._replace(model=model)) for provider, model in self._candidates]
        costs = [each.cost_usd for each in every if each.cost_usd is not None]
        return Estimate(
            max(each.prompt_tokens for each in every),
            max(each.completion_tokens for each in every),
            max(costs) if len(costs) == len(every) else None,
        )

    def complete(self, request: ModelRequest) -> Completion:
        """The answer of the first that gives one. Raises CallError."""
        failed: list[CallError] = []
        for provider, model in self._candidates:
            try:
                return provider.complete(request._replace(model=model))
            except CallError as error:
                failed.append(error)
                if not could_do_better(error):
                    break
        raise _all_failed(failed)

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        """The same as it comes; once a chunk is out, its provider is the one. `close` works from any thread."""
        return _FallbackStream(self._candidates, request, lambda provider, asked: provider.stream(asked))

    def whole(self, request: ModelRequest) -> Iterator[Chunk]:
        """A whole answer as the chunk of a stream, which any thread may close while another waits for it."""
        return _FallbackStream(self._candidates, request, _whole)


class _FallbackStream:
    """The chunks of the first candidate that gives one."""

    __slots__ = ("_began", "_closed", "_current", "_failed", "_left", "_lock", "_open", "_request")

    def __init__(self, candidates: Sequence[Candidate], request: ModelRequest, open_: Open) -> None:
        self._left = iter(candidates)
        self._request = request
        self._open = open_
        self._current: Iterator[Chunk] | None = None
        self._began = False
        self._closed = False
        self._failed: list[CallError] = []
        self._lock = threading.Lock()

    def __iter__(self) -> _FallbackStream:
        return self

    def __next__(self) -> Chunk:
        while True:
            current = self._opened()
            try:
                chunk = next(current)
            except StopIteration:
                self._closed = True
                raise
            except CallError as error:
                failure = self._after(error)
                if failure is None:
                    continue
                self._closed = True
            else:
                self._began = True
                return chunk
            raise failure  # outside of `except`: the errors before it are in its details

    def close(self) -> None:
        """Ends the stream, and the one that it reads."""
        with self._lock:
            self._closed = True
            current = self._current
        _close(current)

    def _opened(self) -> Iterator[Chunk]:
        with self._lock:
            if self._closed:
                raise StopIteration
            if self._current is None:
                provider, model = next(self._left)
                self._current = self._open(provider, self._request._replace(model=model))
            return self._current

    def _after(self, error: CallError) -> CallError | None:
        """What is to be raised now that one failed; None when another is asked."""
        self._failed.append(error)
        with self._lock:
            current, self._current = self._current, None
            closed = self._closed
        _close(current)
        if closed or self._began or not could_do_better(error):
            return _all_failed(self._failed)
        following = next(self._left, None)
        if following is None:
            return _all_failed(self._failed)
        provider, model = following
        with self._lock:
            if not self._closed:
                self._current = self._open(provider, self._request._replace(model=model))
        return None


def _whole(provider: Provider, request: ModelRequest) -> Iterator[Chunk]:
    whole: Callable[[ModelRequest], Iterator[Chunk]] | None = getattr(provider, "whole", None)
    return _completed(provider, request) if whole is None else whole(request)


def _completed(provider: Provider, request: ModelRequest) -> Iterator[Chunk]:
    completion = provider.complete(request)
    yield Chunk(completion.text, final=completion)


def _close(chunks: Any) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


def _all(answers: Sequence[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _all_failed(failed: Sequence[CallError]) -> CallError:
    """The last error; with those before it, when there were any. One that nobody else could cure speaks for itself."""
    last = failed[-1]
    if len(failed) == 1:
        return last
    if last.kind not in _PASSED_ON:
        return last
    tried = "; then ".join(error.message for error in failed)
    details = {
        **last.details,
        "tried": [
            {"kind": error.kind.value, **{key: error.details.get(key) for key in ("provider", "model", "status")}}
            for error in failed
        ],
    }
    return CallError(last.kind, f"none of {len(failed)} models answered: {tried}", details)
