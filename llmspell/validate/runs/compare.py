"""A run against what was expected of it: one finding for each way in which they differ."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from llmspell.limits import format_size
from llmspell.outcome import Outcome, Verdict, as_json, as_text
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.rules.secrets import masked
from llmspell.validate.runs.expectation import Expectation

MOST_LINES = 20
"""Of a diff."""
MOST_LETTERS = 200
"""Of a line of a diff."""
_LOOKED_AT = 64 * 1024
"""Letters of each side, and with at most so many lines, for a diff of them takes time by their square."""
_COMPARED_LINES = 1000


def differences(expected: Expectation, outcome: Outcome) -> Iterator[Finding]:
    """Every way in which a run differs from what was expected."""
    yield from differences_of_end(expected, outcome)
    printed = as_text(outcome.stdout)
    if expected.output is not None and printed != expected.output:
        says = f"it printed something else than expected:\n{diff(expected.output, printed)}"
        yield _error("different-output", says)
    for text in expected.output_contains:
        if text not in printed:
            yield _error("different-output", f"it did not print {_shown(text)}")
    value = as_json(outcome.value)
    if expected.has_value and not _same(as_json(expected.value), value):
        says = f"it gave another value than expected:\n{diff(_laid_out(as_json(expected.value)), _laid_out(value))}"
        yield _error("different-value", says)
    yield from _calls(expected, outcome)
    yield from _usage(expected, outcome)


def differences_of_end(expected: Expectation, outcome: Outcome) -> Iterator[Finding]:
    """The ways in which it ended otherwise than expected, whatever it did until then."""
    error = outcome.error
    place = None
    if error is not None and error.line is not None and error.file in (None, outcome.script_name):
        column = error.column or 1
        place = Position(error.line, column, error.line, column + 1)
    why = f": {error.message}" if error is not None else ""
    fails = expected.error_kind is not None or bool(expected.exit_status)  # says that it does not end well
    wanted = expected.verdict or (Verdict.ERROR if fails else Verdict.OK)
    if outcome.verdict is not wanted:
        says = f"it ended as {outcome.verdict.value}, and was expected to end as {wanted.value}{why}"
        yield Finding("different-verdict", Severity.ERROR, says, place)
        return
    kind = error.kind if error is not None else None
    if expected.error_kind is not None and kind != expected.error_kind:
        says = f"its error is of the kind {kind}, and was expected to be {_shown(expected.error_kind)}{why}"
        yield Finding("different-verdict", Severity.ERROR, says, place)
    status = outcome.exit_status if outcome.exit_status is not None else int(outcome.verdict is not Verdict.OK)
    if expected.exit_status is not None and status != expected.exit_status:
        says = f"its exit status is {status}, and was expected to be {expected.exit_status}"
        yield Finding("different-verdict", Severity.ERROR, says, place)


def _calls(expected: Expectation, outcome: Outcome) -> Iterator[Finding]:
    made = Counter(call.capability for call in outcome.calls)
    made.update(call.name for call in outcome.calls if call.name is not None and call.name not in made)
    for name, count in expected.calls.items():
        if made[name] != count:
            says = f"it called {_shown(name)} {made[name]} times, and was expected to {count} times"
            yield _error("different-calls", says)


def _usage(expected: Expectation, outcome: Outcome) -> Iterator[Finding]:
    used = outcome.usage
    figures: dict[str, float | None] = {
        "memory": used.peak_memory_bytes,
        "output": used.output_bytes,
        "cpu": used.cpu_seconds,
        "wall": used.wall_seconds,
        "calls": used.calls,
        "model_calls": used.model_calls,
        "tokens": used.prompt_tokens + used.completion_tokens,
        "cost": used.cost_usd,
    }
    for name, most in expected.usage.items():
        figure = figures[name]
        if figure is not None and figure > most:
            size = name in ("memory", "output")
            took, may = (format_size(int(one)) if size else f"{one:g}" for one in (figure, most))
            yield _error("over-limit", f"it used {took} of {name}, and was expected to use at most {may}")


def diff(expected: str, found: str) -> str:
    """The lines in which two texts differ, a few of them. Secrets are taken out before anything is cut."""
    left, right = (masked(text)[:_LOOKED_AT].splitlines()[:_COMPARED_LINES] for text in (expected, found))
    lines = [line[:MOST_LETTERS] for line in difflib.unified_diff(left, right, "expected", "found", lineterm="", n=1)]
    if not lines:  # they differ in how they end, or further on
        return f"{len(expected):,} letters were expected, and {len(found):,} came; the first lines are the same"
    more = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"... {more} more lines"] if more > 0 else [])])


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON: 1 and 1.0 are, 1 and true are not."""
    return _laid_out(_plain(one)) == _laid_out(_plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if type(value) is float and value.is_integer() and abs(value) < 2**53 else value


def _laid_out(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str)


def _shown(text: str) -> str:
    return repr(masked(text)[:MOST_LETTERS])


def _error(rule: str, says: str) -> Finding:
    return Finding(rule, Severity.ERROR, says)
