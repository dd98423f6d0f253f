"""A provider that answers from a list, and notes what it was asked and what was left open."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmspell.errors import CallError
from llmspell.providers.echo import words
from llmspell.providers.provider import (
    Capabilities,
    Chunk,
    Completion,
    Estimate,
    ModelRequest,
    ToolProgress,
    ToolRequest,
)

Answer = Completion | CallError | Exception
Step = Answer | Callable[[ModelRequest], Answer]
DEADLINE = 60.0


def said(text: str, **fields: Any) -> Completion:
    """A whole answer of a word count's tokens."""
    return Completion(
        text, fields.pop("model", "scripted-1"), prompt_tokens=10, completion_tokens=len(text.split()), **fields
    )


def wants(*calls: ToolRequest, text: str = "") -> Completion:
    """An answer that asks for tools."""
    return said(text, tool_calls=calls, finish_reason="tool_calls")


def call(name: str, arguments: Mapping[str, Any] | None = None, *, id: str = "call_1") -> ToolRequest:
    """A call that a model asks for."""
    return ToolRequest(id, name, arguments or {}, json.dumps(arguments or {}))


class Scripted:
    """Answers with `steps` one after another, the last one again and again. With `gate`, a call waits before it
    answers, and a stream before its last piece, until the gate is set or the call is closed."""

    name = "scripted"
    blocking = True
    default_model = "scripted-1"
    notice = None

    def __init__(
        self, *steps: Step, capabilities: Capabilities | None = None, gate: threading.Event | None = None
    ) -> None:
        self.capabilities = capabilities or Capabilities()
        self.requests: list[ModelRequest] = []
        self.waiting = threading.Event()
        self.opened = self.closed = 0
        self._steps = steps or (said("fine"),)
        self._gate = gate

    def complete(self, request: ModelRequest) -> Completion:
        answer = self._next(request)
        self._wait()
        return answer

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        return Pieces(self, self.pieces(request))

    def estimate(self, request: ModelRequest) -> Estimate:
        """A token for each letter."""
        return Estimate(sum(len(str(message["content"])) for message in request.messages), 50, 0.0)

    def pieces(self, request: ModelRequest) -> Iterator[Chunk]:
        answer = self._next(request)
        said_so_far = words(answer.text)
        yield from map(Chunk, said_so_far[:-1])
        for index, asked in enumerate(answer.tool_calls):
            half = len(asked.written) // 2
            for part in (asked.written[:half], asked.written[half:]):
                yield Chunk("", tool_call=ToolProgress(index, asked.id, asked.name, part))
        for media in answer.media:
            yield Chunk("", media=media)
        self._wait()
        yield Chunk(said_so_far[-1] if said_so_far else "", final=answer)

    def _next(self, request: ModelRequest) -> Completion:
        self.requests.append(request)
        step = self._steps[min(len(self.requests), len(self._steps)) - 1]
        answer = step if isinstance(step, (Completion, Exception)) else step(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _wait(self) -> None:
        if self._gate is not None:
            self.waiting.set()
            assert self._gate.wait(DEADLINE)


class Pieces:
    """A stream that may be closed from any thread, as litellm's may."""

    def __init__(self, provider: Scripted, pieces: Iterator[Chunk]) -> None:
        self._provider = provider
        self._pieces = pieces
        self._closed = False
        provider.opened += 1

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> Chunk:
        return next(self._pieces)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._provider.closed += 1
            if self._provider._gate is not None:
                self._provider._gate.set()
