"""What models answered, written down and answered again: so that a run can go on with agents that remember.

Theory of operation. A run that goes on calls its agents anew for what they were asked before, and each of their model
calls finds its answer here, in the order in which it was given then. So conversations, budgets and figures are what
they were, and a question that was cut in its third round is asked only for that round. Tool calls of models find theirs
in the same way. While a call that has its answer is only done again for what it leaves behind, nothing goes out: what
is not in the record fails.
"""

from __future__ import annotations

import _thread
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.around import Ask, ProviderAround
from llmspell.providers.provider import Chunk, Completion, ModelRequest, Provider, ToolRequest
from llmspell.source import sha256
from llmspell.transcript.event import Event
from llmspell.transcript.form import TranscriptError, encode
from llmspell.transcript.recorder import Recorder
from llmspell.types.media import MediaContent
from llmspell.types.reading import LARGEST, Fields, MalformedError, described, read_text, read_whole


class Journal:
    """The answers of models and of their tools in one run."""

    def __init__(self, recorder: Recorder, events: list[Event], *, writes_again: bool) -> None:
        """`events` are those of the record. `writes_again`: answers of the record are written into the new one.

        Raises TranscriptError.
        """
        self._recorder, self._writes_again = recorder, writes_again
        self._models: dict[tuple[str, str, str], deque[Event]] = defaultdict(deque)
        self._tools: dict[tuple[str, str], deque[tuple[bool, Any]]] = defaultdict(deque)
        self._turn = _thread.allocate_lock()
        self._enacting: int | None = None
        self._read(events)

    def watched(self, agent: str, provider: Provider) -> Provider:
        """The provider of an agent, whose answers are written down."""
        return JournaledProvider(provider, agent, self)

    def enact(self, call: Callable[[], Any]) -> None:
        """Does a call again for what it leaves behind; it is over when this returns. What it fails with is dropped."""
        self._enacting = _thread.get_ident()
        try:
            call()
        except CallError:
            pass  # as it did then
        finally:
            self._enacting = None

    @property
    def is_enacting(self) -> bool:
        """Whether this thread only does again what was done."""
        return self._enacting == _thread.get_ident()

    def model_answer(self, agent: str, provider: str, request: ModelRequest) -> Event | None:
        """The next recorded answer to this question, and none of another."""
        with self._turn:
            waiting = self._models.get((agent, provider, asked_sum(request)))
            return waiting.popleft() if waiting else None

    def tool_answer(self, agent: str, capability: str, name: str, arguments: Any) -> tuple[bool, Any] | None:
        """The next recorded answer to this call of an agent's model."""
        with self._turn:
            waiting = self._tools.get((agent, f"{capability} {name} {encode(arguments)}"))
            return waiting.popleft() if waiting else None

    def refuse(self) -> CallError:
        """The error of what would go out while nothing may."""
        return CallError(ErrorKind.INTERNAL, "the record has no answer to this, and the call was made before")

    def chunk_of(self, answer: tuple[bool, Any]) -> Chunk:
        """The recorded answer. Raises CallError where that was it, and TranscriptError, which ends the run."""
        try:
            return _chunk_of(answer)
        except TranscriptError as error:
            self._recorder.failure = error  # whichever thread this is
            raise

    def write(self, agent: str, provider: str, request: ModelRequest, answer: tuple[bool, Any], *, again: bool) -> None:
        """Writes down an answer; `again`: it comes from the record. Raises TranscriptError."""
        if not again or self._writes_again:
            self._recorder.model(agent, provider, request.model, asked_sum(request), answer)

    def _read(self, events: list[Event]) -> None:
        open_tools: dict[int, tuple[str, str]] = {}
        for event in events:
            if event.kind == "model":
                self._models[event["agent"], event["provider"], event["asked"]].append(event)
            elif event.kind == "nested":
                arguments = encode(event.value("arguments"))
                open_tools[event["number"]] = (event["agent"], f"{event['capability']} {event['name']} {arguments}")
            elif event.kind == "nested_reply" and event["number"] in open_tools:
                answer = event["ok"], event.value("value")
                if not event["ok"]:
                    error_of(answer[1], unless_known=ErrorKind.TOOL)  # refused before anything runs
                self._tools[open_tools.pop(event["number"])].append(answer)
        self.unanswered_tools = {key[1].partition(" ")[2].partition(" ")[0] for key in open_tools.values()}


class JournaledProvider(ProviderAround):
    """A provider of one agent: what is in the record is answered from there, everything else is asked and written."""

    def __init__(self, provider: Provider, agent: str, journal: Journal) -> None:
        super().__init__(provider)
        self._agent, self._journal = agent, journal

    def _asked(self, request: ModelRequest, ask: Ask) -> Iterator[Chunk]:
        journal = self._journal
        recorded = journal.model_answer(self._agent, self.name, request)
        if recorded is not None:
            answer = recorded["ok"], recorded.value("value")
            chunk = journal.chunk_of(answer)
            journal.write(self._agent, self.name, request, answer, again=True)
            return iter((chunk,))
        if journal.is_enacting:
            raise journal.refuse()
        return JournaledChunks(
            ask(request),
            lambda ok, value: journal.write(self._agent, self.name, request, (ok, value), again=False),
        )


class JournaledChunks:
    """An answer on its way, written down once it is whole. Any thread may close it, as far as the provider's may be."""

    def __init__(self, chunks: Iterator[Chunk], write: Callable[[bool, Any], None]) -> None:
        self._chunks, self._write = chunks, write

    def __iter__(self) -> JournaledChunks:
        return self

    def __next__(self) -> Chunk:
        try:
            chunk = next(self._chunks)
        except CallError as error:
            self._write(False, {"kind": error.kind.value, "message": error.message, "details": error.details})
            raise
        if chunk.final is not None:
            self._write(True, completion_to_wire(chunk.final))
        return chunk

    def close(self) -> None:
        """Frees the provider's connection."""
        closing = getattr(self._chunks, "close", None)
        if closing is not None:
            closing()


def asked_sum(request: ModelRequest) -> str:
    """The SHA-256 of a question: of its model and its messages."""
    return sha256(encode([request.model, *map(_message_to_wire, request.messages)]).encode("ascii"))


def completion_to_wire(completion: Completion) -> dict[str, Any]:
    """A whole answer as a value that can travel."""
    return {
        **completion._asdict(),
        "tool_calls": [call._asdict() for call in completion.tool_calls],
        "media": [media.to_wire() for media in completion.media],
    }


def completion_of(value: Any) -> Completion:
    """What `completion_to_wire` made. Raises TranscriptError for anything else."""
    try:
        fields = Fields(value, "it", list(Completion._fields))
        return Completion(
            text=fields.required("text", read_text),
            model=fields.required("model", read_text),
            prompt_tokens=fields.required("prompt_tokens", read_whole),
            completion_tokens=fields.required("completion_tokens", read_whole),
            finish_reason=fields.required("finish_reason", read_text),
            cost_usd=fields.optional("cost_usd", _read_cost),
            tool_calls=fields.several("tool_calls", _read_request),
            media=fields.several("media", MediaContent.reader()),
            refusal=fields.optional("refusal", read_text),
            cached_tokens=fields.optional("cached_tokens", read_whole) or 0,
        )
    except CallError as error:
        raise TranscriptError(f"an answer of a model in the transcript is none: {error.message}") from None


def _read_cost(value: Any, place: str) -> float:
    """A number, also one that is no amount: what a provider said of the cost is judged where it is spent."""
    if type(value) is not float and not (type(value) is int and abs(value) <= LARGEST):
        raise MalformedError(place, f"must be a number, not {described(value)}")
    return float(value)


def _read_arguments(value: Any, place: str) -> dict[str, Any]:
    """A map of whatever a model wrote: it is judged before a tool is asked."""
    if type(value) is not dict:
        raise MalformedError(place, f"must be a map, not {described(value)}")
    return value


def _read_request(value: Any, place: str) -> ToolRequest:
    fields = Fields(value, place, list(ToolRequest._fields))
    return ToolRequest(
        fields.required("id", read_text),
        fields.required("name", read_text),
        fields.optional("arguments", _read_arguments),
        fields.required("written", read_text),
    )


def error_of(value: Any, *, unless_known: ErrorKind) -> CallError:
    """The error that a call was answered with; of a kind that this program does not know it is `unless_known`.

    Raises TranscriptError for what is none.
    """
    try:
        message = Fields(value, "it", ["kind", "message", "details"]).required("message", read_text)
    except MalformedError as error:
        raise TranscriptError(f"an error in the transcript is none: {error.message}") from None
    kind, details = value.get("kind"), value.get("details")
    known = ErrorKind(kind) if kind in list(ErrorKind) else unless_known
    return CallError(known, message, details if type(details) is dict else {})


def _chunk_of(answer: tuple[bool, Any]) -> Chunk:
    """Raises CallError where that was the answer, and TranscriptError."""
    ok, value = answer
    if not ok:
        raise error_of(value, unless_known=ErrorKind.PROVIDER)
    completion = completion_of(value)
    return Chunk(completion.text, final=completion)


def _message_to_wire(message: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _to_wire(value) for key, value in message.items()}


def _to_wire(value: Any) -> Any:
    if isinstance(value, MediaContent):
        return value.to_wire()
    if isinstance(value, ToolRequest):
        return [value.id, value.name, value.written]
    return [_to_wire(one) for one in value] if isinstance(value, (list, tuple)) else value
