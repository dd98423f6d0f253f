"""What an agent is: it answers a question, whole or chunk by chunk.

Agents block, as providers and tools do (`architecture.md`, Host): whoever calls one from async code calls it on a
thread. An agent implements `execute_impl`, and `stream_impl` if it can stream; the rule kept here is that input is
validated before either runs, and that nothing but a CallError, an answer about the call, reaches `handle_error`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from llmspell.errors import CallError, ErrorKind
from llmspell.types.agent_io import AgentInput, AgentOutput
from llmspell.types.formats import MediaType
from llmspell.types.reading import MalformedError
from llmspell.types.streaming import AgentStream


class BaseAgent(ABC):
    """An agent. It answers one question at a time: whoever shares it between threads takes turns."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in errors, of 1 to 200 bytes."""

    @abstractmethod
    def execute_impl(self, input: AgentInput) -> AgentOutput:
        """The answer to valid input; raises CallError."""

    def stream_impl(self, input: AgentInput) -> AgentStream:
        """The same as a stream, whose chunks end with the one that is final; CallError here or from any chunk."""
        raise NotImplementedError

    def execute(self, input: AgentInput) -> AgentOutput:
        """The answer to `input`. Raises CallError: kind `validation` for input that the agent does not take, before
        anything was done; else what `handle_error` does not answer."""
        self.validate_input(input)
        try:
            return self.execute_impl(input)
        except CallError as error:
            return self.handle_error(error)

    def stream_execute(self, input: AgentInput) -> AgentStream:
        """The same as a stream, to be closed by its reader. Raises CallError (`validation`) as `execute` does, and
        when the agent does not stream; an error on the way is raised by the stream, whatever came before it."""
        if not self.supports_streaming():
            raise CallError(ErrorKind.VALIDATION, f"agent {self.name} does not stream; call execute")
        self.validate_input(input)
        return self.stream_impl(input)

    def supports_streaming(self) -> bool:
        """Whether `stream_execute` works: as long as there is a `stream_impl`."""
        return type(self).stream_impl is not BaseAgent.stream_impl

    def supports_multimodal(self) -> bool:
        """Whether it takes or gives more than text."""
        return any(kind is not MediaType.TEXT for kind in self.supported_media_types())

    def supported_media_types(self) -> tuple[MediaType, ...]:
        """What its input and its output may consist of; text alone, unless the agent says more."""
        return (MediaType.TEXT,)

    def validate_input(self, input: AgentInput) -> None:
        """Raises CallError (`validation`, `details.field` is the place) for input that the agent does not take.

        That is input without text and media, media of a kind that is not supported or over the limit of their kind, an
        output that is not supported. An agent that asks for more calls this first.
        """
        if not input.text and not input.media:
            raise MalformedError("input.text", "is empty, and there are no media; ask something")
        for at, media in enumerate(input.media):
            self._check_supported(media.media_type, f"input.media[{at}]")
            media.validate_size(f"input.media[{at}]")
        for at, kind in enumerate(input.output_modalities):
            self._check_supported(kind, f"input.output_modalities[{at}]")

    def handle_error(self, error: CallError) -> AgentOutput:
        """An answer in spite of an error of `execute_impl`; by default there is none, and `error` is raised."""
        raise error

    def _check_supported(self, kind: MediaType, place: str) -> None:
        supported: Iterable[MediaType] = self.supported_media_types()
        if kind not in supported:
            raise MalformedError(place, f"is {kind}, and agent {self.name} takes and gives {', '.join(supported)}")
