"""A provider whose answers a test gives.

The rule kept here: nothing is made up. A request that no answer was given for is an error that says so, of the same
kind as any failure of a provider.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.echo import count_tokens, words
from llmspell.providers.provider import (
    Chunk,
    Completion,
    Estimate,
    ModelRequest,
    ProviderCapabilities,
    ToolProgress,
)

Reply = str | Completion | CallError
"""What answers a request: a text, a whole answer, or the error that the script gets."""
Scripted = Reply | Callable[[ModelRequest], Reply]
"""A reply, or what makes it from the request while the script waits."""

_ESTIMATED = 256
"""Tokens of an answer, as far as an estimate goes."""


class _Script:
    """What was scripted and asked, shared by all names of a provider."""

    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []
        self.errors: list[Exception] = []
        self.queue: deque[Scripted] = deque()
        self.rules: list[tuple[str, Scripted]] = []
        self.lock = threading.Lock()

    def reply_to(self, request: ModelRequest) -> Scripted | None:
        asked = last_input(request)
        with self.lock:
            self.requests.append(request)
            if self.queue:
                return self.queue.popleft()
            return next((reply for match, reply in self.rules if match in asked), None)


class FakeProvider:
    """Answers with what `answer` queued, each once, then with the first of the rules of `when` that fits.

    It streams word by word, costs nothing, and takes tools, schemas and media. Safe to ask from several threads.
    """

    blocking = False
    notice = None
    default_model = "fake"

    def __init__(self, name: str = "fake", script: _Script | None = None) -> None:
        self.name = name
        self._script = script or _Script()

    @property
    def errors(self) -> list[Exception]:
        """What functions among the replies raised; the fixture fails the test with them."""
        return self._script.errors

    @property
    def requests(self) -> list[ModelRequest]:
        """What was asked so far, in order."""
        return self._script.requests

    def answer(self, *replies: Scripted) -> None:
        """Queues replies for the next requests, whatever they ask."""
        with self._script.lock:
            self._script.queue.extend(map(_checked, replies))

    def when(self, match: str, reply: Scripted) -> None:
        """Answers each request whose last message holds this text."""
        with self._script.lock:
            self._script.rules.append((match, _checked(reply)))

    def named(self, name: str) -> FakeProvider:
        """The same provider under another name."""
        return FakeProvider(name, self._script)

    @property
    def capabilities(self) -> ProviderCapabilities:
        """All that a script may ask for."""
        return ProviderCapabilities(
            available_models=(self.default_model,),
            supports_multimodal=True,
            supports_tools=True,
            supports_structured_output=True,
            media=("image", "audio", "document"),
        )

    def complete(self, request: ModelRequest) -> Completion:
        """The whole answer. Raises CallError: a scripted one, or because nothing was scripted."""
        reply = self._script.reply_to(request)
        if callable(reply):
            reply = self._made(reply, request)
        if reply is None:
            raise self._unscripted(request)
        if isinstance(reply, CallError):
            raise reply
        if isinstance(reply, Completion):
            return reply
        return Completion(reply, request.model, self.estimate(request).prompt_tokens, count_tokens(reply))

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        """The same answer in pieces; the last one carries the whole of it."""
        whole = self.complete(request)
        pieces = words(whole.text)
        yield from map(Chunk, pieces[:-1])
        for index, call in enumerate(whole.tool_calls):
            yield Chunk("", tool_call=ToolProgress(index, call.id, call.name, call.written))
        for media in whole.media:
            yield Chunk("", media=media)
        yield Chunk(pieces[-1] if pieces else "", final=whole)

    def estimate(self, request: ModelRequest) -> Estimate:
        """The words of the messages, and room for an answer."""
        prompt = sum(count_tokens(text_of(message.get("content"))) for message in request.messages)
        return Estimate(prompt, request.max_tokens or _ESTIMATED, 0.0)

    def _made(self, reply: Callable[[ModelRequest], Reply], request: ModelRequest) -> Reply:
        try:
            made = _checked(reply(request))
            if callable(made):
                raise TypeError(f"the reply that {reply!r:.60} made is a function")
        except Exception as error:  # the script is told; the test must hear of it too
            if not isinstance(error, CallError):
                self._script.errors.append(error)
            raise
        return made

    def _unscripted(self, request: ModelRequest) -> CallError:
        asked = last_input(request)
        message = f"the fake provider has no answer for {asked[:100]!r}: give it one with answer() or when()"
        details = {"provider": self.name, "model": request.model, "status": None, "retryable": False}
        return CallError(ErrorKind.PROVIDER, message, details)


def _checked(reply: Scripted) -> Scripted:
    if isinstance(reply, (str, Completion, CallError)) or callable(reply):
        return reply
    raise TypeError(f"{reply!r:.60} is no reply: a text, a Completion, a CallError or a function of the request is one")


def last_input(request: ModelRequest) -> str:
    """The text of the last message."""
    return text_of(request.messages[-1].get("content")) if request.messages else ""


def text_of(content: object) -> str:
    """The text of a message's content."""
    parts = content if isinstance(content, (list, tuple)) else [content]
    texts = (part if isinstance(part, str) else getattr(part, "text", None) for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))
