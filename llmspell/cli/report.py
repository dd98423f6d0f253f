"""The outcome of a run for machines and for people: a JSON document, a panel, or what belongs on stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from llmspell.cli.terminal import Colours, escaped, show_error, show_verdict
from llmspell.errors import UsageError
from llmspell.outcome import Outcome, as_json


def print_outcome(
    outcome: Outcome,
    source: bytes,
    *,
    form: str,
    colour: str,
    quiet: bool,
    with_verdict: bool,
    with_value: bool,
    pass_on: bool,
    memory: int,
) -> None:
    """Shows what is left to show when the run is over."""
    if form == "json":
        _write_json(outcome.to_dict(pass_on=pass_on), sys.stdout)
        return
    colours = Colours(colour)
    if form == "pretty":
        from llmspell.cli.tables import show_panel

        show_panel(outcome, memory)
    elif with_value and outcome.value is not None:
        _write_json(as_json(outcome.value), sys.stdout)
    show_error(outcome, source, colours)
    if with_verdict and not quiet:
        show_verdict(outcome, memory, colours)


def _write_json(document: Any, file: Any) -> None:
    """As a stream: a document of many megabytes is never held twice."""
    json.dump(document, file, ensure_ascii=True, allow_nan=False)
    file.write("\n")
    file.flush()


def check_report_place(path: str) -> None:
    """Raises UsageError before the run if a report could not be written after it."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise UsageError(f"--report {escaped(path)}: the folder is not there, or cannot be written to")


def write_report(path: str, outcome: Outcome, *, pass_on: bool) -> None:
    """Writes the outcome beside its place, then moves it there: a reader sees all of it or nothing."""
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "x", encoding="ascii") as file:
            _write_json(outcome.to_dict(pass_on=pass_on), file)
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"--report {escaped(path)}: {(error.strerror or str(error)).lower()}") from None
    finally:
        if os.path.exists(beside):
            os.unlink(beside)
