"""The page: one file that needs no network and no other file, with everything that is known of every script.

Theory of operation. `page/page.html` is what stands around the results, with the style and the script in it. Each
result is two islands of JSON: a row, which the list is made of, and what is shown when the script is opened, which is
parsed only then; so a page of thousands opens at once. `elements.js`, `script.js` and `page.js`, put together, make
elements from them, and text of a spell becomes the text of an element and nothing else. The policy in the page allows
the one style and the one script, by their hashes, and no request to anywhere.

The rule kept here: sizes, times and shares are worked out here, so that the page shows what it is given.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from llmspell.validate.finding import Finding, Severity
from llmspell.validate.reports.excerpt import excerpt
from llmspell.validate.reports.json_text import island
from llmspell.validate.reports.opening import About
from llmspell.validate.reports.run import calls_of, run_of
from llmspell.validate.reports.totals import Ending, finite
from llmspell.validate.reports.wording import findings_of, position, shown
from llmspell.validate.result import Result, Status

MOST_FINDINGS = 500
"""Findings of one script that are shown."""
ROOM = 48 << 20
"""Characters after which only the lines around findings are shown of a source: a page has to open."""
_IN_ROW = 20
_SAID_IN_ROW = 200


class Page:
    """The format."""

    def __init__(self, about: About, *, room: int = ROOM) -> None:
        self._about = about
        self._room = room
        self._parts = Template(_asset("page.html").replace("\r\n", "\n"))

    def entry(self, result: Result) -> str:
        """The two islands of a script."""
        text = "".join(
            f'<script type="application/json" class="{name}">{island(made)}</script>\n'
            for name, made in (("row", _row(result)), ("detail", _detail(result, whole=self._room > 0)))
        )
        self._room -= len(text)
        return text

    def head(self, ending: Ending) -> str:
        """The begin of the page, with its totals: they are there without the script too."""
        return self._split(ending)[0]

    def tail(self, ending: Ending) -> str:
        """The end of the page."""
        return self._split(ending)[1]

    def _split(self, ending: Ending) -> tuple[str, str]:
        style, script = _asset("page.css"), _script()
        totals = ending.totals
        made = {
            "style": style,
            "script": script,
            "style_hash": _hash(style),
            "script_hash": _hash(script),
            "title": escape(_title(ending)),
            "headline": escape(_headline(ending)),
            "state": _state(ending),
            "totals": escape(str(totals)),
            "about": escape(_said(self._about, ending)),
            "interrupted": escape(shown(ending.interrupted or "")),
            "shares": "".join(
                f'<span class="{status}" data-share="{count}"></span>' for status, count in totals.statuses.items()
            ),
            "results": "\0",
        }
        head, _, tail = self._parts.substitute(made).partition("\0")
        return head, tail


def _row(result: Result) -> dict[str, Any]:
    findings = findings_of(result)
    worst = sorted(findings[:MOST_FINDINGS], key=lambda one: list(Severity).index(one.severity))
    return {
        "path": result.path,
        "status": result.status.value,
        "engine": result.engine or "",
        "seconds": finite(result.seconds),
        "counts": {each.value: sum(one.severity is each for one in findings) for each in Severity},
        "rules": sorted({shown(one.rule, most=80) for one in findings[:MOST_FINDINGS]}),
        "says": [one.message[:_SAID_IN_ROW] for one in worst[:_IN_ROW]],
    }


def _detail(result: Result, *, whole: bool) -> dict[str, Any]:
    findings = findings_of(result)
    own = [one for one in findings[:MOST_FINDINGS] if one.file in (None, result.path)]
    return {
        "sha256": result.sha256,
        "cached": bool(result.cached),
        "findings": [_finding(one) for one in findings[:MOST_FINDINGS]],
        "more": max(0, len(findings) - MOST_FINDINGS),
        "source": None if result.source is None else excerpt(result.source, map(position, own), whole=whole),
        "run": run_of(result),
        "calls": calls_of(result),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = position(finding)
    return {
        "rule": shown(finding.rule, most=80),
        "severity": finding.severity.value,
        "message": finding.message[:4000],
        "file": finding.file,
        "place": place and place._asdict(),
    }


def _state(ending: Ending) -> str:
    statuses = ending.totals.statuses
    if statuses[Status.FAILED]:
        return "failed"
    return "unchecked" if statuses[Status.UNCHECKED] or ending.interrupted or not ending.totals.scripts else "passed"


def _headline(ending: Ending) -> str:
    totals = ending.totals
    if not totals.scripts:
        return "No script was checked"
    bad = totals.statuses[Status.FAILED], totals.statuses[Status.UNCHECKED]
    if not any(bad):
        return "The script passed" if totals.scripts == 1 else f"All {totals.scripts:,} scripts passed"
    failed, unchecked = bad
    if not unchecked:
        return f"{failed:,} of {totals.scripts:,} failed"
    if not failed:
        return f"{unchecked:,} of {totals.scripts:,} could not be checked"
    return f"{failed:,} of {totals.scripts:,} failed, {unchecked:,} could not be checked"


def _title(ending: Ending) -> str:
    return f"{_headline(ending)} · llmspell validate"


def _said(about: About, ending: Ending) -> str:
    from llmspell.validate.reports.sarif import utc

    parts = [f"llmspell {about.version}"]
    if about.began:
        parts.append(utc(about.began)[:16].replace("T", " ") + " UTC")
    parts.append(f"{ending.seconds:,.1f} s")
    if ending.totals.cached:
        parts.append(f"{ending.totals.cached:,} unchanged since an earlier check")
    return " · ".join(parts)


def _asset(name: str) -> str:
    return (files("llmspell.validate.reports") / "page" / name).read_text("utf-8")


def _script() -> str:
    """Its parts as one, for one hash; their names are nobody else's."""
    parts = "".join(_asset(name) for name in ("elements.js", "script.js", "page.js"))
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
