"""The report of a run: one verdict with its evidence (`architecture.md`, Outcomes; `cli.md`, The outcome document)."""

import enum
from typing import Any, NamedTuple

SCHEMA = "llmspell.outcome/1"


class Verdict(enum.StrEnum):
    """The one-word judgement of a run."""

    OK = "ok"
    ERROR = "error"
    LIMIT = "limit"
    DENIED = "denied"
    CRASH = "crash"
    CANCELLED = "cancelled"


EXIT_CODES = {
    Verdict.OK: 0,
    Verdict.ERROR: 1,
    Verdict.LIMIT: 3,
    Verdict.DENIED: 4,
    Verdict.CRASH: 5,
    Verdict.CANCELLED: 130,
}
"""The process exit code of each verdict; `cli.md` says which of them a script's own code replaces."""


class LimitHit(NamedTuple):
    """Which limit ended a run. `allowed` and `used` are in `unit`: bytes, seconds, calls, tokens, USD."""

    name: str
    allowed: float
    used: float
    unit: str


class Usage(NamedTuple):
    """What a run used, as the host saw it (`memory_refusals` is the worker's own count)."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int | None = None
    output_bytes: int = 0
    calls: int = 0
    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    memory_refusals: int = 0
    cost_by_rule_usd: float = 0.0
    """The part of `cost_usd` that was counted for models without a known price."""


class CallRecord(NamedTuple):
    """One counted call. `name` is the tool, agent or model asked for, or None.

    `agent` is the agent whose model made the call, None where the script did; the `id` of such a call is below 0.
    `begun_seconds` count from the begin of the run.
    """

    id: int
    capability: str
    name: str | None
    ok: bool
    wall_seconds: float
    agent: str | None = None
    begun_seconds: float = 0.0


class ScriptError(NamedTuple):
    """Why a run did not end well. `kind` is one of `cli.md`'s `error.kind`; lines count from 1."""

    kind: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    traceback: tuple[str, ...] = ()


class Confinement(NamedTuple):
    """What the kernel enforced, by mechanism; None where nothing did."""

    memory: str | None = None
    files: str | None = None
    network: str | None = None
    processes: str | None = None
    landlock_abi: int | None = None
    namespaces: tuple[str, ...] = ()
    cgroup: str | None = None


class Outcome(NamedTuple):
    """The answer about a script; `to_dict` is the document that machines read.

    `value` is what the script returned (`wire.md`, Values). `stdout` and `stderr` are the bytes that are
    held in memory; `truncated` counts those that are not. `evidence` says whose word the verdict rests on:
    `kernel`, `host` or `worker`. `exit_status` is the script's own (`os.exit`), or None.
    """

    verdict: Verdict
    script_name: str
    script_sha256: str | None
    engine_name: str
    engine_version: str | None
    started: bool
    value: Any = None
    exit_status: int | None = None
    limit: LimitHit | None = None
    error: ScriptError | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: tuple[int, int] = (0, 0)
    usage: Usage = Usage()
    evidence: str = "host"
    confinement: Confinement = Confinement()
    calls: tuple[CallRecord, ...] = ()
    cancelled_by: int | None = None
    """The exit code of what cancelled the run: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, 141 closed stdout."""
    diagnostics: str = ""
    """What the worker wrote on its own stderr, escaped; only for a crash."""
    incomplete: bool = False
    """Whether a source that does not parse is the begin of one that could, by the worker's word. The document has it
    not."""

    @property
    def ok(self) -> bool:
        """Whether the script finished."""
        return self.verdict is Verdict.OK

    def exit_code(self, *, pass_on: bool) -> int:
        """The code to exit with; `pass_on` hands on the script's own code, as `run` and `exec` do."""
        if self.verdict is Verdict.CANCELLED:
            return self.cancelled_by or EXIT_CODES[Verdict.CANCELLED]
        if self.verdict is Verdict.ERROR and pass_on and self.exit_status:
            return self.exit_status
        return EXIT_CODES[self.verdict]

    def to_dict(self, *, pass_on: bool = True) -> dict[str, Any]:
        """The outcome document, ready for `json.dumps`."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "limit": self.limit._asdict() if self.limit else None,
            "script": {"name": self.script_name, "sha256": self.script_sha256},
            "engine": {"name": self.engine_name, "version": self.engine_version},
            "started": self.started,
            "value": as_json(self.value),
            "exit_status": self.exit_code(pass_on=pass_on),
            "error": {**self.error._asdict(), "traceback": list(self.error.traceback)} if self.error else None,
            "stdout": as_text(self.stdout),
            "stderr": as_text(self.stderr),
            "truncated": {"stdout": self.truncated[0], "stderr": self.truncated[1]},
            "usage": self.usage._asdict(),
            "evidence": self.evidence,
            "confinement": {**self.confinement._asdict(), "namespaces": list(self.confinement.namespaces)},
            "calls": [call._asdict() for call in self.calls],
        }


def as_text(data: bytes) -> str:
    """Bytes as text; what is no UTF-8 is shown as `\\xNN`.

    >>> as_text(b"a\\xff")
    'a\\\\xff'
    """
    return data.decode("utf-8", "backslashreplace")


def as_json(value: Any) -> Any:
    """A value of the wire as JSON can say it: keys in order, non-finite floats by name, bytes as `{"$bytes": base64}`.

    >>> as_json([float("inf"), b"a", 1])
    ['Infinity', {'$bytes': 'YQ=='}, 1]
    """
    if isinstance(value, dict):
        return {key: as_json(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, bytes):
        import base64

        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value
