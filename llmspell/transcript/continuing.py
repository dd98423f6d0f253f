"""A run that goes on from a record: what was answered is answered from there, and what is missing is made, and written.

Theory of operation. The script runs from its begin, under the seed and the clock of the record. A call that has its
answer there gets it; beside that, a call that leaves something behind in the host (an agent, what it remembers, a
count) is done again with its effects taken out (`journal.py`). A call without an answer is made as in any run.

Two kinds of run go on so. A run that is resumed follows its record to where that was cut, and its lines come after the
old ones. A run in the mode `once` finds calls by what they ask, and is written anew from its first line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.errors import ErrorKind
from llmspell.outcome import LimitHit
from llmspell.sandbox.broker import Broker, Handler, Later
from llmspell.sandbox.session import Answer, LimitCrossed, RunStopped
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.event import Event
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.journal import Journal, error_of
from llmspell.transcript.loose import Shelf
from llmspell.transcript.order import InOrder
from llmspell.transcript.recorder import Recorder
from llmspell.transcript.recording import NEVER_RECORDED, RecordingBroker, stopped
from llmspell.transcript.replay import is_refusal

if TYPE_CHECKING:
    from llmspell.capabilities.calls import RunCalls
    from llmspell.limits import Limits
    from llmspell.sandbox.threads import Threads

_LEAVES = frozenset(
    {"agent.create", "agent.execute", "agent.stream", "agent.set_state", "agent.reset", "stream.next", "stream.close"}
)
"""Capabilities that leave something behind in the host, which calls after them look for."""
TOOLS = {"tool.invoke": "name", "tool.invoke_object": "self"}
"""Calls of tools, and the argument that names the tool."""
CUT_STREAM = "this stream was cut when the recorded run ended; ask again"
NOT_KNOWN = (
    "the run was stopped while this call was under way: nobody knows whether it was made, and it is not made again"
)


class ContinuingBroker(RecordingBroker):
    """What both kinds have in common: calls that were made are counted, and what they left behind is there again."""

    def __init__(
        self,
        calls: RunCalls,
        limits: Limits,
        *,
        threads: Callable[[], Threads],
        recorder: Recorder,
        journal: Journal,
        writes_again: bool,
    ) -> None:
        super().__init__(calls, limits, threads=threads, recorder=recorder)
        self._calls, self._journal, self._writes_again = calls, journal, writes_again
        self._begun_streams: set[object] = set()

    def nested(self, capability: str, name: str, agent: str, run: Callable[[], Any], *, arguments: Any = None) -> Any:
        """As always; a call that was answered is answered from the record."""
        answer = self._journal.tool_answer(agent, capability, name, arguments)
        if answer is not None:
            given = answer
            if not self._writes_again:
                return Broker.nested(self, capability, name, agent, lambda: _given(given))
            return super().nested(capability, name, agent, lambda: _given(given), arguments=arguments)
        if self._journal.is_enacting:
            raise self._journal.refuse()
        return super().nested(capability, name, agent, run, arguments=arguments)

    def _done_before(self, call_id: int, asked: Event, answer: Answer, seconds: float) -> None:
        """Counts a call that was made, and does again what it left behind. Raises LimitCrossed and TranscriptError."""
        capability, arguments = asked["capability"], asked.value("arguments")
        if asked["counted"]:
            self._made += 1
            if self._made > self._allowed:
                self._made -= 1
                raise LimitCrossed(LimitHit("calls", self._limits.calls, self._limits.calls + 1, "calls"))
            begun = self._since + asked.at
            if len(self._records) < self._keep_records:
                self._records.append((call_id, capability, asked["name"], answer[0], seconds, None, begun))
        self.refused = self.refused or is_refusal(answer)
        if capability in TOOLS:
            name = arguments.get(TOOLS[capability])
            if type(name) is str:
                self._journal.enact(lambda: self._calls.count_tool(name))
        elif capability in _LEAVES and not self._is_middle(capability, arguments, answer):
            self._journal.enact(lambda: _enact(self._handlers[capability], arguments))

    def _is_middle(self, capability: str, arguments: Mapping[str, Any], answer: Answer) -> bool:
        """Whether this is a piece of a stream that is not the last: the model's answer is in the record whole."""
        if capability != "stream.next":
            return False
        ok, value = answer
        if ok and type(value) is dict and value.get("is_final") is not True:
            self._begun_streams.add(arguments.get("stream"))
            return True
        self._begun_streams.discard(arguments.get("stream"))
        return False

    def _make(self, step: int, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """Makes a call, unless its provider would begin anew what was cut."""
        if capability == "stream.next" and arguments.get("stream") in self._begun_streams:
            failure = {"kind": ErrorKind.PROVIDER.value, "message": CUT_STREAM, "details": {}}
            return self._recorder.reply(step, (False, failure))
        return super()._make(step, call_id, capability, arguments)


class ResumingBroker(ContinuingBroker):
    """The calls of a run that goes on after the last line of its record.

    `again`: a call that was sent and has no answer is made again; else it fails, unless it does nothing outside.
    """

    def __init__(
        self,
        cassette: Cassette,
        calls: RunCalls,
        limits: Limits,
        *,
        script: str,
        threads: Callable[[], Threads],
        recorder: Recorder,
        journal: Journal,
        refused: set[int],
    ) -> None:
        """`refused` are the steps that have no answer and fail."""
        super().__init__(calls, limits, threads=threads, recorder=recorder, journal=journal, writes_again=False)
        self._order = InOrder(cassette, script)
        self._answered = {event["step"] for event in cassette.events if event.kind == "reply"}
        self._refused_steps = refused
        self._asked: dict[int, tuple[int, Event]] = {}
        self._ready: list[tuple[int, Answer]] = []
        for _ in self._order.passed():
            pass

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """The recorded answer while there is one. Raises LimitCrossed and RunStopped."""
        if capability in NEVER_RECORDED or self._order.next_call is None:
            return super().dispatch(call_id, capability, arguments)
        try:
            return self._follow(call_id, capability, arguments)
        except TranscriptError as error:
            raise RunStopped(stopped(error)) from None

    def finished(self) -> list[tuple[int, Answer]]:
        """What the record has, and what came since."""
        ready, self._ready = self._ready, []
        return ready + super().finished()

    def deadline(self) -> float | None:
        """At once, while the record has something to say."""
        return 0.0 if self._ready else super().deadline()

    def _follow(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        event = self._order.follow(capability, arguments)
        assert event is not None, "there is a next call"
        step = event["step"]
        answer = None
        if step in self._answered:
            self._asked[step] = call_id, event
        elif step in self._refused_steps:
            failure = {"kind": ErrorKind.TOOL.value, "message": NOT_KNOWN, "details": {}}
            answer = self._recorder.reply(step, (False, failure))
        else:
            self._recorder.asked(step, capability, arguments)
            answer = self._make(step, call_id, capability, arguments)
        for passed in self._order.passed():
            if passed.kind == "reply":
                self._ready.append(self._taken(passed))
        if answer is None and len(self._ready) == 1 and self._ready[0][0] == call_id:
            return self._ready.pop()[1]
        return answer

    def _taken(self, event: Event) -> tuple[int, Answer]:
        call_id, asked = self._asked.pop(event["step"])
        answer = event["ok"], event.value("value")
        self._done_before(call_id, asked, answer, max(event.at - asked.at, 0.0))
        return call_id, answer


class OnceBroker(ContinuingBroker):
    """The calls of a run that takes from a record what is there, makes what is not, and is written anew."""

    def __init__(
        self,
        cassette: Cassette,
        calls: RunCalls,
        limits: Limits,
        *,
        threads: Callable[[], Threads],
        recorder: Recorder,
        journal: Journal,
    ) -> None:
        """Raises TranscriptError."""
        super().__init__(calls, limits, threads=threads, recorder=recorder, journal=journal, writes_again=True)
        self._shelf = Shelf(cassette)
        self.missed = 0
        """Calls that were made."""

    def _make(self, step: int, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        found = self._shelf.take(capability, arguments)
        if found is None or found.reply is None:
            self.missed += 1
            return super()._make(step, call_id, capability, arguments)
        answer = found.answer
        self._done_before(call_id, found.asked, answer, found.seconds)
        return self._recorder.reply(step, answer)


def _enact(handler: Handler, arguments: Mapping[str, Any]) -> None:
    made = handler.run(arguments)
    if type(made) is Later and made.job is not None:
        made.job()


def _given(answer: Answer) -> Any:
    ok, value = answer
    if ok:
        return value
    raise error_of(value, unless_known=ErrorKind.TOOL)
