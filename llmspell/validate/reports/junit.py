"""The JUnit report, as Jenkins' xUnit plugin, GitLab and others read it: a test case for each script.

Each script is one `testcase`, and what fails it is one `failure`, or one `error` where it could not be checked: readers
of this format show one of each. Its other findings and the begin of its output stand in `system-out` and `system-err`.

The rule kept here: every text is printable but for line ends and tabs, so all of it is allowed in XML 1.0.
"""

from __future__ import annotations

import os
from xml.sax.saxutils import escape, quoteattr

from llmspell.validate.finding import Finding
from llmspell.validate.reports.totals import Ending, checked, finite
from llmspell.validate.reports.wording import failing, finding_line, findings_of, marked_line, position, shown
from llmspell.validate.result import Result, Status

SUITE = "llmspell validate"
MOST_FINDINGS = 100
"""Findings of one script that are written out."""
MOST_OUTPUT = 65_536
"""Characters of one script's output that are written out."""


class JUnit:
    """The format."""

    def entry(self, result: Result) -> str:
        """A test case."""
        folder, _ = os.path.split(result.path)
        inside = ""
        bad = failing(result)
        if result.status is not Status.PASSED:
            name = "failure" if result.status is Status.FAILED else "error"
            more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
            what = {"type": shown(bad[0].rule), "message": shown(bad[0].message, kept="\n") + more} if bad else {}
            inside += _element(name, what, _told(result, bad))
        rest = tuple(one for one in findings_of(result) if not bad or one.severity is not bad[0].severity)
        said = [_told(result, rest)] if rest else []
        inside += _texts("system-out", [*said, _output(result, "stdout")])
        inside += _texts("system-err", [_output(result, "stderr")])
        place = {
            "classname": shown(folder.replace("/", ".")) or SUITE,
            "name": shown(result.path),
            "time": f"{finite(result.seconds):.3f}",
        }
        return _element("testcase", place, inside=f"\n{inside}" if inside else "")

    def head(self, ending: Ending) -> str:
        """The begin of the suite, with its counts."""
        totals = ending.totals
        counts = {
            "tests": str(totals.scripts + (ending.interrupted is not None)),
            "failures": str(totals.statuses[Status.FAILED]),
            "errors": str(totals.statuses[Status.UNCHECKED] + (ending.interrupted is not None)),
            "time": f"{ending.seconds:.3f}",
        }
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f"<testsuites{_attributes({'name': SUITE, **counts})}>\n"
            f"<testsuite{_attributes({'name': SUITE, **counts, 'skipped': '0'})}>\n"
        )

    def tail(self, ending: Ending) -> str:
        """The end; what was interrupted has a test case that says so, for no CI may show it as one that passed."""
        made = ""
        if ending.interrupted is not None:
            message = f"{shown(ending.interrupted)}: {checked(ending)}, others were not"
            error = _element("error", {"type": "interrupted", "message": message})
            made = _element("testcase", {"classname": SUITE, "name": SUITE, "time": "0.000"}, inside=f"\n{error}")
        return f"{made}</testsuite>\n</testsuites>\n"


def _told(result: Result, findings: tuple[Finding, ...]) -> str:
    lines: list[str] = []
    for finding in findings[:MOST_FINDINGS]:
        first, *others = finding.message.split("\n")
        lines.append(finding_line(result, finding._replace(message=first)))
        lines += [f"    {shown(line)}" for line in others[:MOST_FINDINGS]]
        if finding.file is None:
            lines += marked_line(result.source, position(finding))
    if len(findings) > MOST_FINDINGS:
        lines.append(f"and {len(findings) - MOST_FINDINGS:,} more findings")
    return "\n".join(lines)


def _output(result: Result, stream: str) -> str:
    text = (result.outcome or {}).get(stream)
    return shown(text, most=MOST_OUTPUT, kept="\n\t") if isinstance(text, str) else ""


def _texts(name: str, texts: list[str]) -> str:
    text = "\n".join(filter(None, texts))
    return _element(name, {}, text) if text else ""


def _element(name: str, attributes: dict[str, str], text: str = "", *, inside: str = "") -> str:
    content = escape(text) + inside
    end = f">{content}</{name}>" if content else "/>"
    return f"<{name}{_attributes(attributes)}{end}\n"


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(text)}" for name, text in attributes.items())
