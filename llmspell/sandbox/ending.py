"""What the end of a run says about the script: one verdict with its evidence (`architecture.md`, Outcomes).

Pure. The rule kept here: evidence decides between success and failure; a worker's claim may only choose among
failing verdicts, and then the evidence is `worker`.
"""

import signal
from typing import Any, NamedTuple

from llmspell.limits import Limits, format_size
from llmspell.outcome import LimitHit, ScriptError, Verdict
from llmspell.sandbox.process import Ended
from llmspell_workers.wire import Done, Failed, Fatal, Violation

_CLAIMABLE = frozenset(
    {
        "syntax",
        "runtime",
        "tool",
        "provider",
        "denied",
        "validation",
        "timeout",
        "budget",
        "not_found",
        "internal",
    }
)
"""The `error.kind`s of `cli.md` that a worker may give; the others are ours to find."""
_OPTIONS = {
    "memory": "--mem", "cpu": "--cpu", "wall": "--timeout", "output": "--max-output", "calls": "--max-calls",
    "model_calls": "--max-model-calls", "tokens": "--max-tokens", "cost": "--max-cost",
}  # fmt: skip
CLAIM_SHARE = 0.90
"""A claim of "memory" from a worker that was seen above this share of its limit counts as the kernel's
word.
"""
DEATH_SHARE = 0.95
"""A worker that died without a claim died of memory if it was last seen above this share of its limit."""


class Cancelled(NamedTuple):
    """The host's own wish; `exit_code` says who asked."""

    exit_code: int


class Broken(NamedTuple):
    """The host ended a worker that misbehaved: `kind` is `protocol` or `crash`."""

    kind: str
    message: str


class Stopped(NamedTuple):
    """The broker ended the run: a replay that found a divergence, or came to where the recorded run was ended."""

    verdict: Verdict
    error: ScriptError | None = None
    limit: LimitHit | None = None
    evidence: str = "host"
    cancelled_by: int | None = None


def broke_protocol(violation: Violation) -> Broken:
    """The cause of the end of a worker that broke the protocol."""
    return Broken("protocol", f"the worker broke the protocol: {violation}")


Cause = Done | Failed | Fatal | LimitHit | Cancelled | Stopped | Broken | Ended
"""Why a run is over. `Ended`: the worker went away without a last word."""


class Readings(NamedTuple):
    """What was measured of a run. `address_space` is the last seen `VmPeak`; `refused`: the broker refused a call;
    `line`: where the script was when the host found a limit crossed, by the worker's word; `killed`: how many processes
    the kernel has killed in the worker's cgroup for want of memory.
    """

    script: str
    limits: Limits
    started: bool
    wall: float
    cpu: float
    memory: int | None
    address_space: int | None
    output: int
    refused: bool
    diagnostics: str
    line: int | None = None
    killed: int = 0


class RunEnd(NamedTuple):
    """How one run ended, as the host saw it; the fields are those of `outcome.Outcome` and `outcome.Usage`.

    `started`: the whole source was handed over and the worker did not say that it does not parse.
    """

    verdict: Verdict
    value: Any = None
    exit_status: int | None = None
    limit: LimitHit | None = None
    error: ScriptError | None = None
    evidence: str = "host"
    started: bool = False
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int | None = None
    output_bytes: int = 0
    memory_refusals: int = 0
    cancelled_by: int | None = None
    diagnostics: str = ""
    incomplete: bool = False


def judge(cause: Cause, seen: Readings) -> RunEnd:
    """The end of a run, from why it ended and what was measured."""
    end = RunEnd(
        Verdict.OK,
        started=seen.started,
        wall_seconds=seen.wall,
        cpu_seconds=seen.cpu,
        peak_memory_bytes=seen.memory,
        output_bytes=seen.output,
    )
    match cause:
        case Done():
            return _done(cause, end._replace(memory_refusals=_refusals(cause.usage)), seen)
        case Failed():
            return _failed(cause, end._replace(memory_refusals=_refusals(cause.usage)), seen)
        case LimitHit():
            return _limit(end, seen, cause, "host", line=seen.line)
        case Cancelled():
            return end._replace(verdict=Verdict.CANCELLED, cancelled_by=cause.exit_code)
        case Stopped():
            return end._replace(**cause._asdict())
        case Broken():
            return _crash(end, seen, cause.message, "host", kind=cause.kind)
        case Fatal():
            if cause.message == "memory" and _near(seen, DEATH_SHARE):
                return _limit(end, seen, _memory_hit(seen), "kernel")
            return _crash(end, seen, f"the worker gave up: {cause.message}", "worker")
        case Ended():
            return _died(cause, end, seen)


def _done(done: Done, end: RunEnd, seen: Readings) -> RunEnd:
    end = end._replace(value=done.value, exit_status=done.exit_status)
    if not done.exit_status:
        return end
    error = ScriptError("runtime", f"script ended with exit status {done.exit_status}", seen.script)
    return end._replace(verdict=Verdict.ERROR, error=error, evidence="worker")


def _failed(failed: Failed, end: RunEnd, seen: Readings) -> RunEnd:
    claim = failed.error
    kind, line, column = claim["kind"], claim.get("line"), claim.get("column")
    assert isinstance(line, int | None)
    assert isinstance(column, int | None)
    if kind == "memory":
        if _near(seen, CLAIM_SHARE):
            return _limit(end, seen, _memory_hit(seen), "kernel", line=line)
        return _refused(end, seen, line)
    trace = claim.get("traceback")
    rows = tuple(map(str, trace)) if isinstance(trace, list) else ()
    error_kind = str(kind) if kind in _CLAIMABLE else "runtime"
    error = ScriptError(error_kind, str(claim["message"]), seen.script, line, column, rows)
    if kind == "denied" and seen.refused:
        return end._replace(verdict=Verdict.DENIED, error=error)
    incomplete = kind == "syntax" and claim.get("incomplete") is True
    return end._replace(verdict=Verdict.ERROR, error=error, evidence="worker", incomplete=incomplete)


def _died(ended: Ended, end: RunEnd, seen: Readings) -> RunEnd:
    if ended.signal == signal.SIGXCPU and seen.cpu >= seen.limits.cpu:  # a worker may send it to itself
        return _limit(end, seen, LimitHit("cpu", seen.limits.cpu, seen.cpu, "seconds"), "kernel")
    if ended.signal == signal.SIGKILL and seen.killed:
        return _limit(end, seen, _memory_hit(seen), "kernel")
    by_itself = ended.signal in (None, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)
    if by_itself and _near(seen, DEATH_SHARE):
        return _limit(end, seen, _memory_hit(seen), "kernel")
    return _crash(end, seen, f"the worker {how_it_ended(ended)} without a last word", "kernel")


def _limit(
    end: RunEnd, seen: Readings, hit: LimitHit, evidence: str, *, line: int | None = None, message: str = ""
) -> RunEnd:
    error = ScriptError("limit", message or limit_message(hit, seen.script, line), seen.script, line)
    return end._replace(verdict=Verdict.LIMIT, limit=hit, error=error, evidence=evidence)


def _refused(end: RunEnd, seen: Readings, line: int | None) -> RunEnd:
    """A worker that says it was refused memory, and was never seen near its limit (E13)."""
    hit = _memory_hit(seen)
    return _limit(end, seen, hit, "worker", line=line, message=refusal_message(hit, seen.script, line))


def _crash(end: RunEnd, seen: Readings, message: str, evidence: str, *, kind: str = "crash") -> RunEnd:
    error = ScriptError(kind, message, seen.script)
    return end._replace(verdict=Verdict.CRASH, error=error, evidence=evidence, diagnostics=seen.diagnostics)


def _near(seen: Readings, share: float) -> bool:
    return (seen.address_space or 0) >= share * seen.limits.memory


def _memory_hit(seen: Readings) -> LimitHit:
    allowed = seen.limits.memory
    return LimitHit("memory", allowed, min(max(seen.address_space or 0, seen.memory or 0), allowed), "bytes")


def _refusals(usage: dict[str, object]) -> int:
    """The worker's own count of refused allocations, which nobody can check."""
    claimed = usage.get("memory_refusals")
    return claimed if type(claimed) is int and claimed > 0 else 0


def limit_message(hit: LimitHit, script: str, line: int | None = None) -> str:
    """One limit's message: what happened, the numbers, where it was last seen, the option that raises it.

    >>> limit_message(LimitHit("memory", 52428800, 52424704, "bytes"), "spell", 12)
    'script used 50.0 MiB of its 50 MiB (memory limit), last seen at spell:12; raise it with --mem'
    """
    used, allowed = _amount(hit.used, hit.unit), _amount(hit.allowed, hit.unit)
    return f"script used {used} of its {allowed} {_what_to_do(hit, script, line)}"


def refusal_message(hit: LimitHit, script: str, line: int | None = None) -> str:
    """The message where an allocation was refused that was larger than what was left.

    >>> refusal_message(LimitHit("memory", 52428800, 18979225, "bytes"), "spell").partition(";")[0]
    'script was refused an allocation, with 18.1 MiB of its 50 MiB in use (memory limit)'
    """
    used, allowed = _amount(hit.used, hit.unit), _amount(hit.allowed, hit.unit)
    return f"script was refused an allocation, with {used} of its {allowed} in use {_what_to_do(hit, script, line)}"


def _what_to_do(hit: LimitHit, script: str, line: int | None) -> str:
    where = f", last seen at {script}:{line}" if line is not None else ""
    option = _OPTIONS.get(hit.name)
    advice = f"; raise it with {option}" if option else ""
    return f"({hit.name.replace('_', ' ')} limit){where}{advice}"


def _amount(number: float, unit: str) -> str:
    match unit:
        case "bytes":
            return format_size(int(number))
        case "seconds":
            return f"{number:.3g} s" if number < 10 else f"{number:,.1f} s"
        case _:
            return f"{number:,} {unit}"


def how_it_ended(ended: Ended) -> str:
    """`was killed by SIGKILL`, `exited with status 3`: the end of a process in words."""
    if ended.signal is not None:
        known = {one.value: one.name for one in signal.Signals}
        return f"was killed by {known.get(ended.signal, f'signal {ended.signal}')}"
    if ended.exit_code is not None:
        return f"exited with status {ended.exit_code}"
    return "ended, and somebody else has reaped it,"
