"""The SARIF report, version 2.1.0, as code scanning reads it: every finding at its place, with a fingerprint.

A fingerprint is made of the rule and the text of the line, not of its number: a finding is the same one when lines
above it come or go. `tool` and `invocations` stand behind the results, for only then all rules are known.

The rule kept here: text of a script is no link and no placeholder in a message, and no path is an address elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from typing import Any
from urllib.parse import quote

from llmspell.utils.text import to_pascal_case
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.reports.json_text import json_text
from llmspell.validate.reports.opening import About
from llmspell.validate.reports.totals import Ending, checked
from llmspell.validate.reports.wording import findings_of, nth_line, position, shown
from llmspell.validate.result import Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://github.com/llmspell/llmspell"
FINGERPRINT = "llmspell/v1"
MOST_RESULTS = 25_000
"""Findings of a whole document: code scanning refuses a file with more."""
MOST_RULES = 1000
_ROOT = "SRCROOT"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PLACEHOLDER = re.compile(r"\{(\d+)\}")


class Sarif:
    """The format."""

    def __init__(self, about: About, *, most: int = MOST_RESULTS) -> None:
        self._about = about
        self._most = most
        self._rules = {name: at for at, name in enumerate(about.rules)}
        self._written = 0
        self._left_out = 0

    def entry(self, result: Result) -> str:
        """The findings of a script, each on a line."""
        made: list[str] = []
        seen: Counter[str] = Counter()
        for finding in findings_of(result):
            if self._written == self._most:
                self._left_out += 1
                continue
            made.append((",\n" if self._written else "\n") + json_text(self._result(result, finding, seen)))
            self._written += 1
        return "".join(made)

    def head(self, _ending: Ending) -> str:
        """The begin of the one run."""
        return f'{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[{{"results":['

    def tail(self, ending: Ending) -> str:
        """What the results belong to."""
        about = self._about
        driver = {
            "name": "llmspell validate",
            "version": about.version,
            "semanticVersion": about.version,
            "informationUri": HOME,
            "rules": [_rule(name, about.rules.get(name, "")) for name in self._rules],
        }
        rest = {
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
            "tool": {"driver": driver},
            "invocations": [self._invocation(ending)],
        }
        return f"\n],{json_text(rest)[1:-1]}}}]}}\n"

    def _invocation(self, ending: Ending) -> dict[str, Any]:
        notes = []
        if ending.interrupted is not None:
            notes.append(("error", f"{ending.interrupted}: {checked(ending)}"))
        if self._left_out:
            notes.append(("warning", f"{self._left_out:,} findings are left out: {self._most:,} are taken at most"))
        made: dict[str, Any] = {"executionSuccessful": ending.interrupted is None}
        if self._about.began:
            made["startTimeUtc"] = utc(self._about.began)
            made["endTimeUtc"] = utc(self._about.began + ending.seconds)
        if notes:
            made["toolExecutionNotifications"] = [{"level": level, "message": _message(text)} for level, text in notes]
        return made

    def _result(self, result: Result, finding: Finding, seen: Counter[str]) -> dict[str, Any]:
        place = position(finding)
        rule = shown(finding.rule)
        made: dict[str, Any] = {"ruleId": rule}
        if rule in self._rules or len(self._rules) < MOST_RULES:
            made["ruleIndex"] = self._rules.setdefault(rule, len(self._rules))
        # What concerns a whole file is shown at its first line: code scanning requires one.
        region = {"startLine": 1} if place is None else {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }  # fmt: skip
        where = {"artifactLocation": location(finding.file or result.path, self._about.below), "region": region}
        mark = _fingerprint(result, finding)
        seen[mark] += 1
        return {
            **made,
            "level": _LEVELS[finding.severity],
            "message": _message(finding.message),
            "locations": [{"physicalLocation": where}],
            "partialFingerprints": {FINGERPRINT: f"{mark}:{seen[mark]}"},
        }


def location(path: str, below: str) -> dict[str, str]:
    """Where a file is, as an address relative to the root of the repository; of one elsewhere, its own.

    >>> location("a b/100%:1.spell", "parts")
    {'uri': 'parts/a%20b/100%25%3A1.spell', 'uriBaseId': 'SRCROOT'}
    """
    whole = os.path.normpath(os.path.join(below, path))
    address = quote(whole.encode("utf-8", "backslashreplace"))
    if whole.startswith("/"):
        return {"uri": "file:///" + address.lstrip("/")}
    return {"uri": address, "uriBaseId": _ROOT}


def utc(seconds: float) -> str:
    """Seconds of the epoch as SARIF and others write a time.

    >>> utc(1.5)
    '1970-01-01T00:00:01.500Z'
    """
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fingerprint(result: Result, finding: Finding) -> str:
    place = position(finding)
    line = nth_line(result.source, place.line) if place and result.source is not None and finding.file is None else None
    text = finding.message if line is None else "".join(line.split())
    return hashlib.sha256(f"{finding.rule}\0{text}".encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _rule(name: str, says: str) -> dict[str, Any]:
    text = (says or name.replace("-", " ")).removesuffix(".")
    made: dict[str, Any] = {"id": name, "shortDescription": {"text": text}, "fullDescription": {"text": text}}
    made["help"] = {"text": f"{text}. `--off {name}` switches it off."}
    if name.replace("-", "").isalnum():
        made["name"] = to_pascal_case(name)
    return made


def _message(text: str) -> dict[str, str]:
    """`[text](address)` is a link, and `{0}` a placeholder, also in plain text. The standard has every brace doubled;
    readers take for a placeholder what is one, and show the others as they are.
    """
    return {"text": _PLACEHOLDER.sub(r"{{\1}}", shown(text, kept="\n").replace("](", "] (")) or "(no message)"}
