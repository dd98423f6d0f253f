"""The outcome of a run for machines and for people: a JSON document, a panel, or what belongs on stderr."""

from __future__ import annotations

import os
import stat
import sys
from typing import Any

from llmspell.cli.signals import postponed
from llmspell.cli.terminal import Colours, show_error, show_verdict
from llmspell.errors import UsageError
from llmspell.outcome import Outcome, as_json

PIECE = 65536
"""Characters of a document that are written at once."""
LONGEST_NAME = 255
"""Bytes in the name of a file, NAME_MAX on every file system of Linux."""
_OPEN = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")
"""What is open already, also where it is a file: `--report >(jq .)` of a shell names such a place."""


def print_outcome(
    outcome: Outcome,
    source: bytes,
    *,
    form: str,
    colour: str,
    with_verdict: bool,
    with_value: bool,
    pass_on: bool,
    memory: int,
) -> None:
    """Shows what is left to show when the run is over."""
    colours = Colours(colour)
    if form == "json":
        _write_json(outcome.to_dict(pass_on=pass_on), sys.stdout)
        return
    if form == "pretty":
        from llmspell.cli.tables import show_panel

        show_panel(outcome, memory, colours=Colours(colour, sys.stdout))
    elif with_value and outcome.value is not None:
        _write_json(as_json(outcome.value), sys.stdout)
    show_error(outcome, source, colours)
    if with_verdict:
        show_verdict(outcome, memory, colours)


def _write_json(document: Any, file: Any) -> None:
    """As a stream: a document of many megabytes is never held twice, and a long text in it not once more.

    For a person at a terminal letters are what they are; what could steer it is escaped there as elsewhere.
    """
    import json

    plain = not (file.isatty() and (file.encoding or "").lower().replace("-", "") == "utf8")
    for text in json.JSONEncoder(ensure_ascii=plain, allow_nan=False).iterencode(document):
        for start in range(0, len(text), PIECE):
            piece = text[start : start + PIECE]
            file.write(piece if piece.isprintable() else "".join(map(_as_json_shows, piece)))
    file.write("\n")
    file.flush()


def _as_json_shows(char: str) -> str:
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def check_report_place(path: str) -> None:
    """Raises UsageError before the run if a report cannot be written: what will be done after it is tried."""
    place = _place(path)
    folder, name = os.path.split(place)
    if os.path.isdir(place):
        raise _refused(path, "it is a folder: name a file in it")
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise _refused(path, f"its name has more than {LONGEST_NAME} bytes: shorten it")
    if os.path.exists(place):
        if not os.access(place, os.W_OK):
            raise _refused(path, "the file cannot be written to")
    elif place.startswith(_OPEN):
        raise _refused(path, "nothing is open there")
    elif not os.path.isdir(folder):
        raise _refused(path, f"there is no folder {folder}: make it first")
    if _is_replaced(place):
        beside = _beside(place)
        try:
            with open(beside, "x", encoding="ascii"):
                os.unlink(beside)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise _refused(path, f"the folder {folder} cannot be written to: {why}") from None


def write_report(path: str, outcome: Outcome, *, pass_on: bool) -> None:
    """Writes the outcome beside its place, then moves it there: a reader sees all of it or nothing.

    A pipe or a device is written to as it is, and never replaced. Raises UsageError.
    """
    place = _place(path)
    document = outcome.to_dict(pass_on=pass_on)
    try:
        if not _is_replaced(place):
            with open(place, "a", encoding="ascii") as file:  # it may be a file to which our stdout went
                _write_json(document, file)
            return
        beside = _beside(place)
        with postponed():  # a second Ctrl-C ends the process at once, and would leave half a file
            try:
                with open(beside, "x", encoding="ascii") as file:
                    _write_json(document, file)
                os.replace(beside, place)
            except BaseException:
                if os.path.exists(beside):
                    os.unlink(beside)
                raise
    except OSError as error:
        raise _refused(path, (error.strerror or str(error)).lower()) from None


def _beside(place: str) -> str:
    """A name in the same folder that is no longer than the longest that a file may have."""
    folder, name = os.path.split(place)
    return os.path.join(folder, f"{name[:40]}.{os.getpid()}.tmp")


def _place(path: str) -> str:
    """The file that a link leads to; what is never replaced by the name that was typed, for a pipe has no other."""
    return os.path.realpath(path) if _is_replaced(path) else path


def _is_replaced(place: str) -> bool:
    if place.startswith(_OPEN):
        return False
    return not os.path.exists(place) or stat.S_ISREG(os.stat(place).st_mode)


def _refused(path: str, why: str) -> UsageError:
    return UsageError(f"--report {path}: {why}")
