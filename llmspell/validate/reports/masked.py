"""Results without keys: what every report is given.

The rule kept here: a key that this host knows, and what looks like one, stands in no text that a script, its run or a
file beside it could have chosen: not in findings, output, values and errors, and not in the source that is shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmspell.transcript.secrets import Masking, keys_in
from llmspell.validate.finding import Finding
from llmspell.validate.result import Result, TimedCall
from llmspell.validate.rules.secrets import masked


class WithoutKeys:
    """Takes them out of results. There is a star for each letter, so that lines and columns stay what they are."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._masking = Masking(keys_in(keys), also=masked, in_place=True)

    def __call__(self, result: Result) -> Result:
        """The result as it may be shown; paths are as they are."""
        cleared = self._masking.cleared
        return result._replace(
            findings=tuple(map(self._finding, result.findings)),
            source=cleared(result.source),
            outcome=cleared(result.outcome),
            calls=tuple(map(self._call, result.calls)),
        )

    def _finding(self, finding: Finding) -> Finding:
        return finding._replace(message=self._masking.cleared(finding.message))

    def _call(self, call: TimedCall) -> TimedCall:
        cleared = self._masking.cleared
        return call._replace(capability=cleared(call.capability), name=cleared(call.name), agent=cleared(call.agent))
