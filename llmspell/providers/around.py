"""A provider with another one inside: what is the same for all that stand between somebody and a provider.

The rule kept here: every way of asking goes through `_asked`, so that what stands in between sees all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import (
    Chunk,
    Completion,
    Estimate,
    ModelRequest,
    Provider,
    ProviderCapabilities,
    final_of,
)

Ask = Callable[[ModelRequest], Iterator[Chunk]]
"""One way of asking the provider inside."""


class ProviderAround(ABC):
    """All of a provider but what is done with a question."""

    __slots__ = ("_provider",)

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @abstractmethod
    def _asked(self, request: ModelRequest, ask: Ask) -> Iterator[Chunk]:
        """The answer in chunks; any thread may close it while another waits for the next one."""

    @property
    def name(self) -> str:
        """The provider's."""
        return self._provider.name

    @property
    def blocking(self) -> bool:
        """Whether the provider waits."""
        return self._provider.blocking

    @property
    def default_model(self) -> str | None:
        """The provider's."""
        return self._provider.default_model

    @property
    def capabilities(self) -> ProviderCapabilities:
        """The provider's."""
        return self._provider.capabilities

    def capabilities_of(self, model: str | None) -> ProviderCapabilities:
        """The model's, where the provider knows them, else the provider's."""
        of_model: Callable[[str | None], ProviderCapabilities] | None = getattr(self._provider, "capabilities_of", None)
        return self._provider.capabilities if of_model is None else of_model(model)

    @property
    def notice(self) -> str | None:
        """The provider's."""
        return self._provider.notice

    def estimate(self, request: ModelRequest) -> Estimate:
        """The provider's."""
        return self._provider.estimate(request)

    def complete(self, request: ModelRequest) -> Completion:
        """The whole answer, perhaps a shorter one."""
        final = final_of(self.whole(request))
        if final is None:
            raise CallError(
                ErrorKind.PROVIDER,
                f"provider {self.name!r}: the call ended without an answer",
                {"provider": self.name, "model": request.model, "retryable": False},
            )
        return final

    def whole(self, request: ModelRequest) -> Iterator[Chunk]:
        """The same as a stream that any thread may close while another waits for the answer."""
        return self._asked(request, getattr(self._provider, "whole", self._completed))

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        """The answer as it comes; any thread may close it."""
        return self._asked(request, self._provider.stream)

    def _completed(self, request: ModelRequest) -> Iterator[Chunk]:
        completion = self._provider.complete(request)
        yield Chunk(completion.text, final=completion)
