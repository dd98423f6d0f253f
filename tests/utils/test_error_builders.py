"""Errors that say what happened, to whom, with which values."""

from __future__ import annotations

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.utils.error_builders import (
    ErrorBuilder,
    error_context,
    not_found_error,
    permission_error,
    timeout_error,
    validation_error,
)
from llmspell_workers.wire import check


def test_an_error_has_message_details_and_cause() -> None:
    cause = OSError("disk full")
    builder = ErrorBuilder(ErrorKind.TOOL, "upload failed").with_context("part", 3).with_source(cause)
    error = builder.with_contexts([("of", 7), ("part", 4)]).build()
    assert isinstance(error, CallError)
    assert (error.kind, str(error)) == (ErrorKind.TOOL, "upload failed (part: 4, of: 7)")
    assert error.details == {"part": 4, "of": 7}
    assert error.__cause__ is cause
    check(error.details)


def test_an_error_without_context_is_its_message() -> None:
    assert str(ErrorBuilder(ErrorKind.INTERNAL, "no").build()) == "no"


def test_a_long_value_is_cut_in_the_message_only() -> None:
    error = ErrorBuilder(ErrorKind.INTERNAL, "no").with_context("text", "x" * 10_000).build()
    assert len(str(error)) < 300
    assert error.details["text"] == "x" * 10_000


@pytest.mark.parametrize(
    ("builder", "kind"),
    [
        (validation_error("input", "is empty", field="text"), ErrorKind.VALIDATION),
        (not_found_error("tool", "x" * 5000), ErrorKind.NOT_FOUND),
        (permission_error("model a/b", "allow it"), ErrorKind.DENIED),
        (timeout_error("the tool", 1), ErrorKind.TIMEOUT),
    ],
)
def test_each_template_has_its_kind(builder: ErrorBuilder, kind: ErrorKind) -> None:
    error = builder.build()
    assert error.kind is kind
    assert len(str(error)) < 600


def test_a_note_is_added_on_every_level_and_the_error_stays_what_it_was() -> None:
    error = KeyError("a")
    with pytest.raises(KeyError) as raised, error_context(run=1), error_context(step="upload"):
        raise error
    assert raised.value is error
    assert error.__notes__ == ["while step: upload", "while run: 1"]


def test_what_goes_well_and_what_is_no_failure_get_no_note() -> None:
    with error_context(step="upload"):
        pass
    stop = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), error_context(step="upload"):
        raise stop
    assert not hasattr(stop, "__notes__")
