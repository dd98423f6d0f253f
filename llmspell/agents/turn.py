"""One question of an agent, from what is asked first to what came of it. No I/O: the agent asks for it.

The rule kept here: nothing of a question is remembered before the whole of it is answered.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from llmspell.agents.config import AgentConfig
from llmspell.agents.dialogue import Messages, shorten
from llmspell.agents.figures import Figures
from llmspell.agents.line import Line
from llmspell.agents.message import Message, Role
from llmspell.agents.parameters import Parameters
from llmspell.agents.structured import AnswerSchema
from llmspell.agents.tool_rounds import ToolRounds, asked
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Completion, ModelRequest, Provider
from llmspell.types.agent_io import AgentInput, AgentOutput, OutputMetadata
from llmspell.types.reading import MalformedError

MAX_TEXT = 64 * 1024
"""Characters of an answer that an error keeps."""


class Next(enum.Enum):
    """What an answer of the model leads to."""

    TOOLS = enum.auto()
    REPAIR = enum.auto()
    DONE = enum.auto()


class Turn:
    """A question on its way. `seen` is what was said before it, `schema` what its answer is to satisfy."""

    def __init__(
        self,
        config: AgentConfig,
        input: AgentInput,
        parameters: Parameters,
        *,
        seen: Messages,
        tools: ToolRounds,
        schema: tuple[Mapping[str, Any], AnswerSchema] | None,
    ) -> None:
        self.tools = tools
        self.seen = seen
        self.shortened = seen
        self.exchange = [Message(Role.USER, input.text, media=input.media)]
        self.figures = Figures()
        self.begun = 0.0
        self.model = config.model
        self.line = Line()
        self.is_cancelled = False
        self.heard: list[str] = []
        self.output: AgentOutput | None = None
        self._config = config
        self._parameters = parameters
        self._modalities = tuple(kind.value for kind in input.output_modalities) or ("text",)
        self._schema = schema
        self._repairs: list[Message] = []
        self._repaired = 0
        self._is_told = False
        self._answer: AgentOutput | None = None

    def request(self, provider: Provider) -> ModelRequest:
        """What is asked next, with as much of what was said before as the model has room for."""
        can = provider.capabilities
        self._is_told = can.supports_structured_output is False
        window = can.max_context_tokens
        if window is not None and self.shortened and not self._surely_fits(window):
            self.shortened = shorten(
                self.shortened, lambda left: _takes(provider, self._request(left), window) <= window
            )
        self.heard = []
        return self._request(self.shortened)

    def take(self, completion: Completion) -> Next:
        """What the model's answer leads to. Raises CallError where the question ends without an answer."""
        self.figures.took(completion)
        if completion.tool_calls:
            self.tools.begin(completion.tool_calls, self._config.name)
            calls = tuple(asked(request) for request in completion.tool_calls)
            self.exchange += [*self._repairs, Message(Role.ASSISTANT, completion.text, calls=calls)]
            self._repairs = []
            return Next.TOOLS
        value = None
        if self._schema is not None:
            try:
                value = self._read(self._schema[1], completion)
            except MalformedError as misfit:
                self._repair(self._schema[1], completion, misfit)
                return Next.REPAIR
        self._answered(completion, value)
        return Next.DONE

    def end(self) -> None:
        """The question is answered, and its figures are whole: sets `output`."""
        assert self._answer is not None
        metadata = self._answer.metadata.but(execution_time_ms=self.figures.seconds * 1000)
        self.output = self._answer.with_metadata(metadata)

    def explained(self, error: CallError) -> CallError:
        """An error that ends the question, with what had arrived of the answer."""
        if self.is_cancelled:
            error = CallError(
                ErrorKind.PROVIDER,
                f"agent {self._config.name}: the question was cancelled",
                {"agent": self._config.name, "cancelled": True, "retryable": False},
            )
        text = "".join(self.heard)
        if not text or "text" in error.details:
            return error
        return CallError(error.kind, error.message, {**error.details, "text": text[:MAX_TEXT]})

    def _surely_fits(self, window: int) -> bool:
        """Whether it fits without counting: a token is a byte or more, but nobody knows that of media or of tools."""
        messages = (*self.shortened, *self.exchange, *self._repairs)
        if self.tools.offers or self._schema is not None or any(message.media for message in messages):
            return False
        asked = self._parameters.max_tokens or self._config.max_tokens or window // 4
        rule = len((self._config.system_prompt or "").encode("utf-8", "surrogatepass"))
        return sum(message.held for message in messages) + rule + asked <= window

    def _request(self, before: Messages) -> ModelRequest:
        config, asked = self._config, self._parameters
        rules = [config.system_prompt] if config.system_prompt else []
        schema = self._schema
        if schema is not None and self._is_told:  # a model that knows of no schemas can still be told of one
            rules.append(schema[1].rule)
            schema = None
        system = [Message(Role.SYSTEM, "\n\n".join(rules))] if rules else []
        is_first = self.tools.rounds == 0  # a choice that forced every round would never come to an answer
        choice = asked.tool_choice if is_first or asked.tool_choice == "none" else None
        messages = (*system, *before, *self.exchange, *self._repairs)
        return ModelRequest(
            model=config.model,
            messages=tuple(message.for_model() for message in messages),
            temperature=config.temperature if asked.temperature is None else asked.temperature,
            max_tokens=config.max_tokens if asked.max_tokens is None else asked.max_tokens,
            tools=self.tools.offers,
            tool_choice=choice if self.tools.offers else None,
            answer_schema=None if schema is None else schema[0],
            modalities=self._modalities,
        )

    def _read(self, schema: AnswerSchema, completion: Completion) -> Any:
        """The value of an answer; raises MalformedError where asking again can help, and else CallError."""
        name = self._config.name
        if completion.refusal is not None:
            raise CallError(
                ErrorKind.PROVIDER,
                f"agent {name}: the model would not answer: {completion.refusal[:500]}",
                {"agent": name, "model": completion.model, "refusal": completion.refusal[:4096], "retryable": False},
            )
        try:
            return schema.read(completion.text)
        except MalformedError as misfit:
            if completion.finish_reason != "length":
                raise
            raise self._unfit(
                misfit, completion, f"was cut off after {completion.completion_tokens:,} tokens; raise max_tokens"
            ) from None

    def _repair(self, schema: AnswerSchema, completion: Completion, misfit: MalformedError) -> None:
        if self._repaired >= self._config.max_repairs:
            again = f", asked {self._repaired + 1} times" if self._repaired else ""
            raise self._unfit(misfit, completion, f"does not fit its schema{again}: {misfit.message}") from None
        self._repaired += 1
        self._repairs = [Message(Role.ASSISTANT, completion.text), Message(Role.USER, schema.again(misfit))]

    def _unfit(self, misfit: MalformedError, completion: Completion, why: str) -> CallError:
        details = {"field": misfit.place[:300], "text": completion.text[:MAX_TEXT], "agent": self._config.name}
        return CallError(ErrorKind.VALIDATION, f"agent {self._config.name}: the answer {why}", details)

    def _answered(self, completion: Completion, value: Any) -> None:
        text = completion.text or completion.refusal or ""
        # A model's own media do not go back to it: the protocols have no place for them in an assistant's message.
        said = text or " ".join(f"[{media.media_type}]" for media in completion.media)
        self.exchange.append(Message(Role.ASSISTANT, said))
        figures = self.figures
        self._answer = AgentOutput(
            text,
            media=completion.media,
            tool_calls=tuple(self.tools.calls),
            metadata=OutputMetadata(
                model=completion.model,
                token_count=figures.prompt_tokens + figures.completion_tokens,
                prompt_tokens=figures.prompt_tokens,
                completion_tokens=figures.completion_tokens,
                cost_usd=None if figures.unpriced_calls else figures.cost_usd,
                finish_reason=completion.finish_reason,
                extra={} if completion.refusal is None else {"refusal": completion.refusal},
            ),
            value=value,
        )


def _takes(provider: Provider, request: ModelRequest, window: int) -> int:
    """The tokens of a request and of its answer. Where nobody bounds the answer, a quarter of the window is for it."""
    estimate = provider.estimate(request)
    most = estimate.completion_tokens if request.max_tokens is None else request.max_tokens
    return estimate.prompt_tokens + (min(most, window // 4) if request.max_tokens is None else most)
