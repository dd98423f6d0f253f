"""The line between a question and its provider."""

from __future__ import annotations

import pytest

from llmspell.agents.line import Line
from llmspell.agents.tool_box import NO_TOOLS
from llmspell.errors import CallError
from tests.agents.scripted import call


class Source:
    """Counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_what_is_opened_on_a_line_that_was_cut_is_closed_at_once() -> None:
    line, source = Line(), Source()
    line.cut()
    with line.open(source):
        assert source.closed == 1
    assert line.is_cut


def test_what_is_open_is_closed_by_a_cut_and_at_the_end_and_what_was_open_is_not() -> None:
    line, source = Line(), Source()
    with line.open(source):
        line.cut()
        assert source.closed == 1
    line.cut()
    assert source.closed == 2
    with line.open(object()):  # nothing to close
        line.cut()


def test_no_tools_are_none() -> None:
    assert NO_TOOLS.offers() == ()
    with pytest.raises(CallError, match="there is no tool 'calculator'"):
        NO_TOOLS.call(call("calculator"))
