"""Tapes of runs that go on from a record: resumed after its last line, or recorded anew with what it has (`once`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from llmspell.engines.bridge import Script
from llmspell.limits import Limits
from llmspell.outcome import Outcome
from llmspell.policy import PURE_TOOLS
from llmspell.tools.tool import canonical
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.continuing import TOOLS, OnceBroker, ResumingBroker
from llmspell.transcript.divergence import shown
from llmspell.transcript.event import Event
from llmspell.transcript.file import Sink
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.journal import Journal
from llmspell.transcript.recorder import Recorder
from llmspell.transcript.resumable import Resumable
from llmspell.transcript.secrets import MASK, Masking
from llmspell.transcript.tape import RecordTape, WrittenTape, drawn_from

if TYPE_CHECKING:
    from llmspell.capabilities.calls import RunCalls
    from llmspell.engines.worker import WorkerBridge
    from llmspell.sandbox.threads import Threads

REFUSE, AGAIN, FAIL = "refuse", "again", "fail"
UNANSWERED = (REFUSE, AGAIN, FAIL)
"""What is done with calls that were sent and have no answer, where they may have done something outside."""


class ResumeTape(WrittenTape):
    """A run that goes on where its record ends. Its lines come after the old ones."""

    def __init__(
        self,
        resumed: Resumable,
        script: Script,
        *,
        limits: Limits,
        environment: Mapping[str, str],
        secrets: tuple[str, ...],
        threads: Callable[[], Threads],
        unanswered: str,
    ) -> None:
        """Raises TranscriptError, also where a call without an answer is to be decided on."""
        cassette = self._cassette = resumed.cassette
        self._refused = {} if unanswered == AGAIN else doubtful(cassette)
        if self._refused and unanswered == REFUSE:
            raise TranscriptError(_undecided(self._refused, cassette.name))
        self.limits, self._script, self._threads = limits, script, threads
        recorded = cassette.header.environment
        _check_unmasked(cassette, environment)
        self.environment: Mapping[str, str] = {name: environment.get(name, value) for name, value in recorded.items()}
        self.deterministic = drawn_from(cassette, required=True)
        self._sink = resumed.taken_up()
        masking = Masking(secrets)
        masking.masked = int(_held_a_key(cassette))
        super().__init__(Recorder(self._sink, masking))

    def broker(self, bridge: WorkerBridge, calls: RunCalls) -> ResumingBroker:  # noqa: ARG002 - it was recorded
        """Writes that the run goes on. Raises TranscriptError."""
        events = self._cassette.events
        written = {"stdout": 0, "stderr": 0}
        for event in events:
            if event.kind == "output":
                written[event["stream"]] += _printed(event)
        journal = Journal(self._recorder, events, writes_again=False)
        self._recorder.resume(
            steps=self._cassette.steps,
            numbers=self._cassette.numbers,
            after=max((event.at for event in events), default=0.0),
            written=written,
        )
        self.watch(calls, journal)
        broker = ResumingBroker(
            self._cassette,
            calls,
            self.limits,
            script=self._script.name,
            threads=self._threads,
            recorder=self._recorder,
            journal=journal,
            refused=set(self._refused),
        )
        calls.attach(broker)
        return broker


class OnceTape(RecordTape):
    """A run that is recorded, and takes from an older record what is there."""

    def __init__(self, cassette: Cassette, sink: Sink, script: Script, words: tuple[str, ...], *, limits: Limits,
                 environment: Mapping[str, str], secrets: tuple[str, ...], threads: Callable[[], Threads],
                 labels: Mapping[str, str]) -> None:  # fmt: skip
        """Raises TranscriptError."""
        super().__init__(
            sink, script, words, limits=limits, environment=environment, seed=None, secrets=secrets, threads=threads,
            labels=labels,
        )  # fmt: skip
        self.deterministic = drawn_from(cassette, required=True)
        self._cassette = cassette
        self._broker: OnceBroker | None = None

    def broker(self, bridge: WorkerBridge, calls: RunCalls) -> OnceBroker:
        """Writes the first line. Raises TranscriptError."""
        self.begin(bridge)
        journal = Journal(self._recorder, self._cassette.events, writes_again=True)
        self.watch(calls, journal)
        self._broker = OnceBroker(
            self._cassette, calls, self.limits, threads=self._threads, recorder=self._recorder, journal=journal
        )
        calls.attach(self._broker)
        return self._broker

    def finish(self, outcome: Outcome) -> Outcome:
        """Writes the last line, where anything is new."""
        from llmspell.source import sha256

        is_same = sha256(self._script.source) == self._cassette.header.sha256 and self._cassette.end is not None
        if is_same and self._broker is not None and not self._broker.missed:
            self._recorder.discard()
            return outcome
        return super().finish(outcome)


def _check_unmasked(cassette: Cassette, environment: Mapping[str, str]) -> None:
    """Raises TranscriptError where the script would be given a mask for a key: it would go on with that."""
    header = cassette.header
    if any(MASK in word for word in header.arguments):
        raise TranscriptError(
            f"{cassette.name} does not hold its arguments as they were (a key in one was masked): run the script anew"
        )
    lost = sorted(name for name, value in header.environment.items() if MASK in value and name not in environment)
    if lost:
        raise TranscriptError(
            f"{cassette.name} does not hold these variables as they were (keys in them were masked):"
            f" {', '.join(map(shown, lost[:5]))}; grant them with --allow-env"
        )


def _held_a_key(cassette: Cassette) -> bool:
    header = cassette.header
    return (
        header.source is None
        or any(MASK in value for value in header.environment.values())
        or any(MASK.encode() in event.data for event in cassette.events)
    )


def doubtful(cassette: Cassette) -> dict[int, str]:
    """The steps that were sent, have no answer, and may have done something outside, with what they called."""
    open_steps = {event["step"]: event for event in cassette.events if event.kind == "call"}
    open_tools: dict[int, str] = {}
    for event in cassette.events:
        if event.kind in ("reply", "limit"):
            open_steps.pop(event["step"], None)
        elif event.kind == "nested":
            open_tools[event["number"]] = event["name"]
        elif event.kind == "nested_reply":
            open_tools.pop(event["number"], None)
        elif event.kind == "resumed":
            open_tools.clear()  # they were decided on
    by_models = _with_effects(open_tools.values())
    found = {}
    for step, event in open_steps.items():
        capability = event["capability"]
        if capability in TOOLS:
            names = _with_effects([str(event["name"])])
        elif capability in ("agent.execute", "stream.next"):
            names = by_models
        else:
            names = []
        if names:
            found[step] = f"{shown(capability)} {', '.join(map(shown, names))}"
    return found


def _printed(event: Event) -> int:
    """The bytes that were printed, of which keys may be masked in the line."""
    size = event.fields.get("bytes")
    if type(size) is int and size >= 0:
        return size
    data = event.value("data")
    return len(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)


def _with_effects(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if canonical(name) not in PURE_TOOLS})


def _undecided(steps: Mapping[int, str], name: str) -> str:
    listed = "; ".join(f"step {step}: {what}" for step, what in list(steps.items())[:5])
    return (
        f"nobody knows whether these calls of {name} were made when the run was stopped: {listed};"
        " say --unanswered again to make them again, or --unanswered fail to have them fail in the script"
    )
