"""Asking a provider for what a turn wants next, until the turn is answered.

What comes is passed on piece by piece. The rule kept here: a line that was cut is noticed at the next piece, and what
is open to a provider is closed as soon as nobody reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from llmspell.agents.turn import Next, Turn
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Chunk, Completion, ModelRequest, Provider
from llmspell.types.control import ANSWER_RESTARTS, CustomControl
from llmspell.types.streaming import (
    ChunkContent,
    ControlChunk,
    MediaChunk,
    TextChunk,
    ToolCallComplete,
    ToolCallProgress,
)

TOOL_RESULT = "tool_result"
"""The `message_type` of the control chunk behind a tool call that was made: `call_id`, `tool_name`, `success`."""

Answering = Generator[ChunkContent, None, tuple[Completion, str]]
Asking = Callable[[Turn], Answering]


class Interruptible(Protocol):
    """A provider whose whole answers can be interrupted."""

    def whole(self, request: ModelRequest) -> Iterator[Chunk]:
        """A whole answer, asked for as `Provider.complete` does and given as the one chunk of a stream, whose `close`
        frees the connection from any thread. Raises CallError from the stream."""
        ...


class Asker:
    """Asks one provider for one agent, which it knows by name."""

    __slots__ = ("_agent", "_provider")

    def __init__(self, provider: Provider, agent: str) -> None:
        self._provider = provider
        self._agent = agent

    def rounds(self, turn: Turn, ask: Asking, keep: Callable[[Turn], None]) -> Iterator[ChunkContent]:
        """What comes of a question, piece by piece. `keep` is told of the answered turn before its last piece is given.

        `ask` is `whole` or `streamed`. Raises CallError, and what a tool raises that is no CallError.
        """
        while True:
            completion, last = yield from ask(turn)
            if last:
                turn.heard.append(last)
            match turn.take(completion):
                case Next.DONE:
                    keep(turn)
                    yield TextChunk(last or ("" if completion.text else completion.refusal or ""))
                    return
                case Next.TOOLS:
                    yield from _text(last)
                    yield from self._call_tools(turn, completion)
                    why = "tools" if turn.heard else None
                case Next.REPAIR:
                    yield from _text(last)
                    why = "repair"
            if why is not None:
                yield ControlChunk(CustomControl(ANSWER_RESTARTS, {"why": why}))

    def _call_tools(self, turn: Turn, completion: Completion) -> Iterator[ChunkContent]:
        for request in completion.tool_calls:
            yield ToolCallComplete(request.id, request.name, request.written)
            call, message = turn.tools.make(request)
            turn.exchange.append(message)
            turn.figures.tool_calls += 1
            self._check_open(turn)
            success = str(call.result is not None and call.result.success).lower()
            facts = {"call_id": call.tool_id, "tool_name": call.tool_name, "success": success}
            yield ControlChunk(CustomControl(TOOL_RESULT, facts))

    def whole(self, turn: Turn) -> Answering:
        """The answer at once, asked for by `Interruptible.whole` where there is one."""
        request = turn.request(self._provider)
        whole: Callable[[ModelRequest], Iterator[Chunk]] = getattr(self._provider, "whole", self._complete)
        return self._read(turn, whole(request))

    def streamed(self, turn: Turn) -> Answering:
        """The answer as it comes, but for the text of the last piece, which is given with the whole answer."""
        return self._read(turn, self._provider.stream(turn.request(self._provider)))

    def _complete(self, request: ModelRequest) -> Iterator[Chunk]:
        completion = self._provider.complete(request)
        yield Chunk(completion.text, final=completion)

    def _read(self, turn: Turn, pieces: Iterator[Chunk]) -> Answering:
        with turn.line.open(pieces):
            for piece in pieces:
                self._check_open(turn)
                if piece.tool_call is not None:
                    yield ToolCallProgress(piece.tool_call.id, piece.tool_call.name, piece.tool_call.written)
                if piece.media is not None:
                    yield MediaChunk(piece.media)
                if piece.final is not None:
                    return piece.final, piece.text
                if piece.text:
                    turn.heard.append(piece.text)
                    yield TextChunk(piece.text)
        self._check_open(turn)
        raise CallError(
            ErrorKind.PROVIDER,
            f"agent {self._agent}: the provider {self._provider.name} ended its answer before it was whole",
            {"provider": self._provider.name, "model": turn.model, "retryable": True},
        )

    def _check_open(self, turn: Turn) -> None:
        if turn.line.is_cut:
            raise CallError(ErrorKind.PROVIDER, f"agent {self._agent}: the question was cut off")


def _text(text: str) -> Iterator[TextChunk]:
    if text:
        yield TextChunk(text)
