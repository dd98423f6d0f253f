"""The provider that needs no network: it answers with its input, or from a table.

It is on the path of a plain run, so this file keeps the rule that nothing heavy is imported here,
and the rule that the same request gets the same answer on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from time import sleep as real_sleep
from typing import Any

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Chunk, Completion, Estimate, ModelRequest, ProviderCapabilities
from llmspell.providers.settings import Answers

_WORD = re.compile(r"\S+\s*|\s+")


def words(text: str) -> list[str]:
    """`text` in pieces that join back to it: each word with the blanks behind it, leading blanks alone.

    >>> words("one  two")
    ['one  ', 'two']
    """
    return _WORD.findall(text)


def count_tokens(text: str) -> int:
    """The rule by which `echo` counts tokens: the words between blanks."""
    return len(text.split())


class EchoProvider:
    """Answers with the last user message, whole; with `answers`, from the table where the input is in it.

    `temperature` and `max_tokens` change nothing. A call costs nothing.
    `delay_seconds` passes before a whole answer, or in equal parts before the chunks of a stream.
    """

    __slots__ = ("_answers", "_delay", "_fail", "_models", "_sleep", "default_model", "name")

    def __init__(
        self,
        name: str = "echo",
        *,
        answers: Answers = (),
        fail: str | None = None,
        delay_seconds: float = 0.0,
        default_model: str | None = None,
        models: tuple[str, ...] = (),
        sleep: Callable[[float], object] = real_sleep,
    ) -> None:
        self.name = name
        self.default_model = default_model or "echo"
        self._answers: Answers = answers if isinstance(answers, Mapping) else tuple(answers)
        self._fail = fail
        self._delay = delay_seconds
        self._models = models or (self.default_model,)
        self._sleep = sleep

    @property
    def blocking(self) -> bool:
        """Only with a delay does a call wait."""
        return self._delay > 0

    @property
    def capabilities(self) -> ProviderCapabilities:
        """Streams; takes text only; asks for no tool; has no bound of its own."""
        return ProviderCapabilities(
            available_models=self._models, supports_tools=False, supports_structured_output=False
        )

    @property
    def notice(self) -> str:
        """That nobody should take its answers for a model's."""
        return f"{self.name} is not a model: it answers offline, by rule; choose one with --model"

    def complete(self, request: ModelRequest) -> Completion:
        """The whole answer, after the delay. Raises CallError (`provider`) when told to fail."""
        self._refuse(request)
        if self._delay > 0:
            self._sleep(self._delay)
        return self._answer(request)

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        """The answer word by word; the last word carries `final`. An empty answer is one empty chunk."""
        self._refuse(request)
        completion = self._answer(request)
        pieces = words(completion.text) or [""]
        for piece in pieces[:-1]:
            self._wait_part(len(pieces))
            yield Chunk(piece)
        self._wait_part(len(pieces))
        yield Chunk(pieces[-1], final=completion)

    def estimate(self, request: ModelRequest) -> Estimate:
        """Exactly what the call takes."""
        completion = self._answer(request)
        return Estimate(completion.prompt_tokens, completion.completion_tokens, 0.0)

    def _wait_part(self, parts: int) -> None:
        if self._delay > 0:
            self._sleep(self._delay / parts)

    def _refuse(self, request: ModelRequest) -> None:
        if self._fail is not None:
            details = {"provider": self.name, "model": request.model, "status": None, "retryable": False}
            raise CallError(ErrorKind.PROVIDER, self._fail, details)

    def _answer(self, request: ModelRequest) -> Completion:
        asked = _last_input(request.messages)
        text = self._canned(asked)
        return Completion(
            text=asked if text is None else text,
            model=request.model,
            prompt_tokens=sum(count_tokens(_text(message)) for message in request.messages),
            completion_tokens=count_tokens(asked if text is None else text),
        )

    def _canned(self, asked: str) -> str | None:
        if isinstance(self._answers, Mapping):
            return self._answers.get(asked)
        for canned in self._answers:
            if canned.match == asked or (not canned.exact and canned.match in asked):
                return canned.answer
        return None


def _last_input(messages: tuple[Mapping[str, Any], ...]) -> str:
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message)
    return _text(messages[-1]) if messages else ""


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, (list, tuple)) else [content]
    texts = (part if isinstance(part, str) else getattr(part, "text", None) for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))
