"""From what was seen of a run to its Outcome, for runs of their own and for those of a session."""

from __future__ import annotations

from llmspell.limits import format_size
from llmspell.outcome import LimitHit, Outcome, ScriptError, Usage, Verdict
from llmspell.source import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.engines.bridge import Script, ScriptOutput
    from llmspell.engines.worker import WorkerBridge
    from llmspell.sandbox.output import HeldOutput
    from llmspell.transcript.tape import ReportedBroker


def report(
    script: Script, bridge: WorkerBridge, end: ScriptOutput, kept: HeldOutput, broker: ReportedBroker, spent: Usage
) -> Outcome:
    """The outcome of a run that is over. `spent` is what its models have used."""
    return Outcome(
        verdict=end.verdict,
        script_name=script.name,
        script_sha256=sha256(script.source),
        engine_name=bridge.name,
        engine_version=bridge.version,
        started=end.started,
        value=end.value,
        exit_status=end.exit_status,
        limit=end.limit,
        error=end.error,
        stdout=kept.stdout,
        stderr=kept.stderr,
        truncated=kept.truncated,
        usage=spent._replace(
            wall_seconds=end.wall_seconds,
            cpu_seconds=end.cpu_seconds,
            peak_memory_bytes=end.peak_memory_bytes,
            output_bytes=end.output_bytes,
            calls=broker.calls,
            memory_refusals=end.memory_refusals,
        ),
        evidence=end.evidence,
        confinement=bridge.confinement,
        calls=tuple(broker.records),
        cancelled_by=end.cancelled_by,
        diagnostics=end.diagnostics,
        incomplete=end.incomplete,
    )


def too_large(script: Script, engine: str, allowed: int) -> Outcome:
    """The outcome of a script that is not run, because its source has more bytes than are allowed."""
    size = len(script.source)
    # One byte too many is read and no more, so what it has in all is not known.
    message = (
        f"the source of {script.name} has over {format_size(allowed)}, and may not"
        " (source limit: 10 MiB, and never over a tenth of the memory limit)"
    )
    return Outcome(
        verdict=Verdict.LIMIT,
        script_name=script.name,
        script_sha256=sha256(script.source),
        engine_name=engine,
        engine_version=None,
        started=False,
        limit=LimitHit("source", allowed, size, "bytes"),
        error=ScriptError("limit", message, file=script.name),
    )
