"""The JSON report: one document, `llmspell.validation/1`, whose schema is `validation-1.schema.json` beside this file.

The rule kept here: keys are only ever added within `/1`. Each result stands on a line of its own.
"""

from __future__ import annotations

from typing import Any

from llmspell.validate.reports.json_text import json_text
from llmspell.validate.reports.totals import Ending, finite
from llmspell.validate.reports.wording import findings_of, position
from llmspell.validate.result import Result

SCHEMA = "llmspell.validation/1"


class JsonDocument:
    """The format. `version` is llmspell's."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._begun = False

    def entry(self, result: Result) -> str:
        """A line."""
        comma, self._begun = ",\n" if self._begun else "\n", True
        return comma + json_text(result_document(result))

    def head(self, ending: Ending) -> str:
        """What is known of the whole."""
        whole = json_text(
            {
                "schema": SCHEMA,
                "version": self._version,
                "complete": ending.interrupted is None,
                "interrupted": ending.interrupted,
                "seconds": round(ending.seconds, 6),
                "totals": ending.totals.to_dict(),
            }
        )
        return f'{whole[:-1]},"results":['

    def tail(self, _ending: Ending) -> str:
        """The end."""
        return "\n]}\n"


def result_document(result: Result) -> dict[str, Any]:
    """A result without its source, which stands at its path; numbers are such as every reader takes."""
    document = result._replace(findings=findings_of(result), seconds=finite(result.seconds)).to_dict()
    del document["source"]
    for shown, finding in zip(document["findings"], findings_of(result), strict=True):
        place = position(finding)
        shown["position"] = place and place._asdict()
    for call in document["calls"]:
        call.update({name: finite(call[name]) for name in ("begun_seconds", "wall_seconds")})
    return document
