"""How a case ended, whichever way it was run, and whether that is what its header wants."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.hostile.cases import VERDICTS, Case, Wanted

GRACE = 15.0
"""Seconds beyond the limit of the wall in which a run must be over, on a machine that is busy with other things."""
_CODES = {"ok": {0}, "error": {1}, "limit": {3}, "denied": {4}, "crash": {5}, "cancelled": {129, 130, 141, 143}}


class Ended(NamedTuple):
    """The end of one run. `document` is the outcome, None where nothing ran; `said` is all else that was shown."""

    code: int
    document: dict[str, Any] | None
    stdout: bytes
    said: bytes
    seconds: float
    peak: int

    @property
    def verdict(self) -> Wanted:
        """In the words of the headers."""
        if self.document is None and str(self.code) in VERDICTS["cancelled"]:  # the second Ctrl-C is in a hurry
            return Wanted("cancelled", str(self.code))
        if self.document is None:
            return Wanted({-9: "killed", 0: "ok", 2: "usage"}.get(self.code, f"exit code {self.code}"))
        verdict = self.document["verdict"]
        if verdict == "limit":
            return Wanted(verdict, self.document["limit"]["name"])
        if verdict == "cancelled":
            return Wanted(verdict, str(self.code))
        return Wanted(verdict, self.document["error"]["kind"] if self.document["error"] else None)


def check(case: Case, ended: Ended) -> None:
    """The verdict, its code, its output and its words are those of the header, and it came in time."""
    found = ended.verdict
    assert any(_fits(found, wanted) for wanted in case.wanted), f"{found}: {ended.document or ended.said!r:.2000}"
    assert ended.seconds <= float(case.option("--timeout") or 300) + GRACE
    assert b"Traceback (most recent call last)" not in ended.said
    for text in case.never:
        assert text not in ended.said + ended.stdout
    if case.stdout is not None:
        assert ended.stdout == case.stdout
    for text in case.kept:
        assert text in ended.stdout
    for text in case.says:
        assert text in ended.said, ended.said
    if ended.document is not None:
        _check_document(case, ended, ended.document)


def _check_document(case: Case, ended: Ended, document: dict[str, Any]) -> None:
    passed_on = case.command != "sandbox" and document["verdict"] == "error"
    assert passed_on or ended.code in _CODES[document["verdict"]]
    assert document["exit_status"] == ended.code
    if case.value is not ...:
        assert document["value"] == case.value
    allowed = int(_bytes(case.option("--mem") or "50M"))
    assert (document["usage"]["peak_memory_bytes"] or 0) <= allowed
    if document["limit"] is not None:
        assert document["limit"]["used"] >= 0
        assert document["error"]["kind"] == "limit"
    if document["value"] is None and b"\\x" not in ended.stdout:  # a value may be shown, too, and escapes are longer
        assert len(ended.stdout) <= document["usage"]["output_bytes"]


def _fits(found: Wanted, wanted: Wanted) -> bool:
    return found.verdict == wanted.verdict and wanted.detail in (None, found.detail)


def _bytes(size: str) -> int:
    return int(size[:-1]) << {"K": 10, "M": 20}[size[-1]]
