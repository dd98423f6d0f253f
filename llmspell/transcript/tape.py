"""What a run is recorded on, or replayed from: the one place where a runtime meets a transcript.

Theory of operation. A runtime asks its tape what its worker is to be told (seed and clock, environment, limits), for
the broker of the run, and for what stands between the worker's output and whoever is shown it; at the end the tape
says whether that was the end, and closes. A run without a tape knows nothing of this package.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from llmspell.engines.bridge import Emit, Script
from llmspell.engines.deterministic import Deterministic
from llmspell.limits import Limits
from llmspell.outcome import Outcome, Verdict
from llmspell.sandbox.broker import Broker
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Broker as AnyBroker
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.file import Sink, TranscriptFile
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.journal import Journal
from llmspell.transcript.loose import LooseBroker
from llmspell.transcript.recorder import Identity, Recorder
from llmspell.transcript.recording import RecordedOutput, RecordingBroker, stopped
from llmspell.transcript.replay import ReplayBroker
from llmspell.transcript.secrets import Masking
from llmspell.transcript.stdin import READ, WholeKeys

if TYPE_CHECKING:
    from llmspell.capabilities.calls import RunCalls
    from llmspell.capabilities.scripting import LogSink
    from llmspell.engines.worker import WorkerBridge
    from llmspell.outcome import CallRecord
    from llmspell.sandbox.threads import Threads


class ReportedBroker(AnyBroker, Protocol):
    """A broker, and what a report says of its calls."""

    @property
    def calls(self) -> int: ...
    @property
    def records(self) -> list[CallRecord]: ...


class Tape(Protocol):
    """One run's. `is_live`: calls may be made, so what they need may be loaded ahead."""

    deterministic: Deterministic | None
    environment: Mapping[str, str]
    limits: Limits
    is_live: bool

    def broker(self, bridge: WorkerBridge, calls: RunCalls) -> ReportedBroker:
        """The broker of the run, whose worker is ready."""
        ...

    def emit(self, emit: Emit) -> Emit:
        """What takes the script's output, and hands it on."""
        ...

    def settled(self, end: RunEnd) -> RunEnd:
        """The end of the run, as it is to be reported."""
        ...

    def finish(self, outcome: Outcome) -> Outcome:
        """The run is over and reported."""
        ...

    def close(self) -> None:
        """Lets go of everything, however the run ended. May be called again."""
        ...


class WrittenTape:
    """What all runs that are written down have in common."""

    is_live = True

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._output = RecordedOutput(recorder)

    def watch(self, calls: RunCalls, journal: Journal) -> None:
        """Stands between the calls of the run and those that answer them."""
        calls.watched = journal.watched
        calls[READ] = WholeKeys(calls[READ], self._recorder.parted).handler()

    def emit(self, emit: Emit) -> Emit:
        """What writes down what was not yet, and hands all of it on."""
        return self._output.emit(emit)

    def settled(self, end: RunEnd) -> RunEnd:
        """The end, if all of the run could be written down."""
        return self._output.settled(end)

    def finish(self, outcome: Outcome) -> Outcome:
        """Writes the last line; an outcome that could not be written down is none to rely on."""
        try:
            self._recorder.end(outcome)
        except TranscriptError as error:
            if outcome.verdict is Verdict.OK:
                outcome = outcome._replace(verdict=Verdict.ERROR, error=stopped(error, outcome.script_name).error)
        return outcome

    def close(self) -> None:
        """Lets go of the file."""
        self._recorder.close()


class RecordTape(WrittenTape):
    """A run that is recorded. Without a `seed` it gets one of its own, its clock starts now, and sleeps last."""

    def __init__(
        self,
        sink: Sink | str | os.PathLike[str],
        script: Script,
        words: tuple[str, ...],
        *,
        limits: Limits,
        environment: Mapping[str, str],
        seed: int | None,
        secrets: tuple[str, ...],
        threads: Callable[[], Threads],
        labels: Mapping[str, str],
    ) -> None:
        """Raises TranscriptError."""
        self.limits, self.environment = limits, environment
        self.deterministic: Deterministic | None = Deterministic(seed) if seed is not None else _fresh()
        self._script, self._words, self._labels, self._threads = script, words, labels, threads
        made = TranscriptFile(sink) if isinstance(sink, (str, os.PathLike)) else sink
        super().__init__(Recorder(made, Masking(secrets)))

    def broker(self, bridge: WorkerBridge, calls: RunCalls) -> Broker:
        """Writes the first line. Raises TranscriptError."""
        self.begin(bridge)
        self.watch(calls, Journal(self._recorder, [], writes_again=False))
        broker = RecordingBroker(calls, self.limits, threads=self._threads, recorder=self._recorder)
        calls.attach(broker)
        return broker

    def begin(self, bridge: WorkerBridge) -> None:
        """Writes the first line. Raises TranscriptError."""
        drawn = self.deterministic if bridge.features.seed else None
        self._recorder.begin(
            Identity(
                self._script.source,
                self._script.name,
                self._words,
                bridge.name,
                bridge.version,
                self.limits,
                self.environment,
                drawn.seed if drawn else None,
                drawn.clock if drawn else None,
                drawn.sleeps if drawn else True,
                self._labels,
            )
        )


class ReplayTape:
    """A run whose calls are answered from a cassette, and of which none is made."""

    is_live = False

    def __init__(self, cassette: Cassette, script: Script, *, limits: Limits, log: LogSink, loose: bool) -> None:
        """Raises TranscriptError."""
        header = cassette.header
        self.environment = header.environment
        self.limits = limits._replace(output=int(min(limits.output, header.limits.get("output", limits.output))))
        self.deterministic = drawn_from(cassette, required=not loose)
        kind = LooseBroker if loose else ReplayBroker
        self._broker = kind(cassette, self.limits, script=script.name, log=log)
        self._is_loose = loose
        if header.seed is None:
            log("warn", f"engine {header.engine!a} was recorded without a seed: {UNSEEDED}", {})
        if cassette.is_masked and not loose:
            log("warn", UNCOMPARED, {})

    def broker(self, bridge: WorkerBridge, calls: RunCalls) -> ReportedBroker:  # noqa: ARG002 - it tells nothing new
        """The broker that has the record; the engine's library alone is this machine's."""
        self._broker.library = calls["library.load"].run
        return self._broker

    def emit(self, emit: Emit) -> Emit:
        """What hands the output on."""
        return self._broker.emit(emit)

    def settled(self, end: RunEnd) -> RunEnd:
        """The end, held against the recorded one."""
        return self._broker.settled(end)

    def finish(self, outcome: Outcome) -> Outcome:
        """The figures of models are those of the recorded run, and so is all that cannot be measured again."""
        end = self._broker.recorded_end
        if end is None:
            return outcome
        is_same = end.from_outside and outcome.verdict is end.verdict and not self._is_loose
        names = (*_OF_MODELS, "output_bytes") if is_same else _OF_MODELS
        used = {name: getattr(end.usage, name) for name in names}
        return outcome._replace(usage=outcome.usage._replace(**used))

    def close(self) -> None:
        """Nothing is held."""


def drawn_from(cassette: Cassette, *, required: bool) -> Deterministic | None:
    """The seed and the clock of a recorded run."""
    header = cassette.header
    if header.seed is None or header.clock is None:
        return None
    return Deterministic(header.seed, header.clock, header.sleeps, required)


UNSEEDED = "nobody promises that the script asks the same again, and it gets the recorded answers where it does"
UNCOMPARED = "output and value are not compared: a key was masked in the record"
_OF_MODELS = ("model_calls", "prompt_tokens", "completion_tokens", "cost_usd", "cost_by_rule_usd")


def _fresh() -> Deterministic:
    import time

    seed = int.from_bytes(os.urandom(8), "big") >> 1
    return Deterministic(seed, round(time.time(), 6), sleeps=True, required=False)
