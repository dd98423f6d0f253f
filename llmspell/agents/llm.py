"""The agent that asks a language model: it remembers what was said, calls tools for the model, checks its answers.

Theory of operation. A question is a `Turn`, which knows what to ask next and no provider. The agent asks, hands what
comes to the turn and passes it on, until the turn says that it is done: a whole answer is asked for by
`provider.complete` and a stream by `provider.stream`, and all else is the same. Several questions may be on their way
at once, each with what was remembered when it was asked; what a question adds is remembered when it is answered.

The rules kept here: a question that fails, or that nobody reads to the end, leaves no trace but its figures; and
nothing is held open once a question is over, however it ends.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from llmspell.agents.answer_stream import AnswerStream
from llmspell.agents.asking import Asker, Asking
from llmspell.agents.base import BaseAgent
from llmspell.agents.config import AgentConfig
from llmspell.agents.dialogue import Dialogue, Messages
from llmspell.agents.figures import Figures
from llmspell.agents.parameters import read_parameters
from llmspell.agents.tool_box import NO_TOOLS, ToolBox
from llmspell.agents.tool_rounds import ToolRounds
from llmspell.agents.turn import Turn
from llmspell.errors import CallError
from llmspell.providers.provider import Provider
from llmspell.types.agent_io import AgentInput, AgentOutput
from llmspell.types.control import StreamEnd
from llmspell.types.formats import MediaType
from llmspell.types.media_file import OpenFile
from llmspell.types.streaming import (
    AgentChunk,
    ChunkContent,
    ChunkMetadata,
    ControlChunk,
    TextChunk,
)

if TYPE_CHECKING:
    from llmspell.agents.structured import AnswerSchema

_NOT_LAST = ChunkMetadata()


class LLMAgent(BaseAgent):
    """An agent over a provider.

    `tools` decides what the model may call. `clock` is monotonic seconds, `now` the time of day.

    The provider may be one that stands before another and counts or reserves; `close()` of what its `stream` gives
    must then pass on, from any thread. Whole answers can be cut off too where it is `asking.Interruptible`.
    """

    def __init__(
        self,
        config: AgentConfig,
        provider: Provider,
        *,
        tools: ToolBox = NO_TOOLS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.config = config
        self.provider = provider
        self._tools = tools
        self._asker = Asker(provider, config.name)
        self._clock = clock
        self._now = now
        self._dialogue = Dialogue(most=config.max_conversation_length)
        self._figures = Figures()
        self._turns: weakref.WeakSet[Turn] = weakref.WeakSet()
        self._streams = 0
        self._schema: tuple[Mapping[str, Any], AnswerSchema] | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """As it was configured."""
        return self.config.name

    def supports_streaming(self) -> bool:
        """Whether the provider streams."""
        return self.provider.capabilities.supports_streaming

    def supported_media_types(self) -> tuple[MediaType, ...]:
        """Text, and what the provider takes beside it: everything, where that is unknown."""
        capabilities = self.provider.capabilities
        media = capabilities.media or (() if capabilities.supports_multimodal is False else tuple(MediaType))
        return tuple(kind for kind in MediaType if kind is MediaType.TEXT or kind in media)

    def validate_input(self, input: AgentInput) -> None:
        """What `BaseAgent` refuses, and `parameters` that are not temperature, max_tokens, answer_schema, tool_choice,
        or do not fit."""
        super().validate_input(input)
        self._turn(input)

    def execute_impl(self, input: AgentInput) -> AgentOutput:
        """The whole answer, asked for by `provider.complete`."""
        turn = self._turn(input)
        for _ in self._contents(turn, self._asker.whole):
            pass
        assert turn.output is not None  # only the reader of a stream ends one without an error
        return turn.output

    def stream_impl(self, input: AgentInput) -> AnswerStream:
        """The answer as it comes. Nothing is asked before the first chunk is."""
        turn = self._turn(input)
        with self._lock:
            self._streams += 1
            name = f"{self.name}-{self._streams}"
        return AnswerStream(self._chunks(turn, name), turn)

    def stream_execute(self, input: AgentInput) -> AnswerStream:
        """The same, for input that is checked; see `BaseAgent`."""
        stream = super().stream_execute(input)
        assert isinstance(stream, AnswerStream)
        return stream

    def cancel(self) -> None:
        """Ends the questions that are on their way, from any thread: their connections are closed, and whoever waits
        for them gets a CallError whose `details.cancelled` is true. A tool that runs is waited for."""
        with self._lock:
            turns = list(self._turns)
        for turn in turns:
            turn.is_cancelled = True
            turn.line.cut()

    def reset(self) -> None:
        """Forgets the conversation and the figures; the configuration stays."""
        with self._lock:
            self._dialogue.clear()
            self._figures = Figures()

    def metrics(self) -> dict[str, Any]:
        """What it has done and taken since it was made or reset. Questions that failed or were dropped cost too."""
        with self._lock:
            return {**self._figures.as_map(), "messages": len(self._dialogue.messages)}

    @property
    def messages(self) -> Messages:
        """What is remembered."""
        return self._dialogue.messages

    @property
    def held(self) -> int:
        """About how many bytes the conversation takes."""
        return self._dialogue.held

    def save(self) -> list[dict[str, Any]]:
        """The conversation as values that can travel."""
        return self._dialogue.save()

    def restore(self, saved: Any, *, open_file: OpenFile | None = None) -> None:
        """Takes up a conversation that was saved, in place of its own. Raises CallError (`validation`) with the place
        of what does not fit. Media by path are found by `open_file`, and refused without it."""
        with self._lock:
            self._dialogue.restore(saved, open_file=open_file)

    def _turn(self, input: AgentInput) -> Turn:
        can_call = self.provider.capabilities.supports_tools is not False  # else what is offered is an error there
        box = self._tools if can_call else NO_TOOLS
        tools = ToolRounds(box, most=self.config.max_tool_rounds, clock=self._clock)
        parameters = read_parameters(input.parameters, [offer.name for offer in tools.offers])
        schema = self._schema_of(parameters.answer_schema)
        return Turn(self.config, input, parameters, seen=self._dialogue.messages, tools=tools, schema=schema)

    def _schema_of(self, asked: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], AnswerSchema] | None:
        wanted = self.config.answer_schema if asked is None else asked
        if wanted is None:
            return None
        kept = self._schema
        if kept is None or kept[0] is not wanted:
            from llmspell.agents.structured import AnswerSchema  # imports jsonschema

            place = "answer_schema" if asked is None else "input.parameters.answer_schema"
            kept = self._schema = (wanted, AnswerSchema(wanted, place=place))
        return kept

    def _chunks(self, turn: Turn, name: str) -> Iterator[AgentChunk]:
        at = self._now()
        with contextlib.closing(self._contents(turn, self._asker.streamed)) as contents:
            for index, content in enumerate(contents):
                at = max(at, self._now())
                metadata = _NOT_LAST
                if turn.output is not None:
                    content, metadata = _last(turn, turn.output, index, content)
                yield AgentChunk(name, index, content, metadata=metadata, timestamp=at)

    def _contents(self, turn: Turn, ask: Asking) -> Generator[ChunkContent, None, None]:
        """What comes of a question, piece by piece, the whole answer being kept before the last piece is given."""
        turn.begun = self._clock()
        with self._lock:
            self._turns.add(turn)
        try:
            yield from self._asker.rounds(turn, ask, self._keep)
        except CallError as error:
            turn.figures.failures = 1
            if turn.line.is_cut and not turn.is_cancelled:
                return  # its reader has closed the stream while it waited
            explained = turn.explained(error)
            if explained is error:
                raise
            raise explained from error
        finally:
            if turn.output is None:
                turn.figures.seconds = self._clock() - turn.begun
                with self._lock:
                    self._figures.add(turn.figures)
                    self._turns.discard(turn)

    def _keep(self, turn: Turn) -> None:
        """The question is answered: remembers it."""
        turn.figures.executions = 1
        turn.figures.seconds = self._clock() - turn.begun
        with self._lock:
            turn.end()
            self._dialogue.keep(turn.seen, turn.shortened, tuple(turn.exchange))
            self._figures.add(turn.figures)
            self._turns.discard(turn)


def _last(turn: Turn, output: AgentOutput, index: int, content: ChunkContent) -> tuple[ChunkContent, ChunkMetadata]:
    """The last chunk's content and metadata: a last piece of text, or else the end of the stream."""
    tokens = output.metadata.token_count
    if isinstance(content, TextChunk) and not content.text:
        content = ControlChunk(
            StreamEnd(total_chunks=index + 1, total_tokens=tokens, duration_ms=turn.figures.seconds * 1000)
        )
    return content, ChunkMetadata(is_final=True, token_count=tokens, model=output.metadata.model)
