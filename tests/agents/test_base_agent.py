"""What `BaseAgent` itself promises; what every agent does is in `test_contract.py`."""

from __future__ import annotations

import pytest

from llmspell.agents.base import BaseAgent
from llmspell.agents.contract import QUESTION
from llmspell.errors import CallError
from llmspell.types import AgentInput, TextChunk
from tests.agents.agents import DRAWING, GONE, Painter, Parrot, Stoic, fail


def test_an_error_is_raised_as_it_is_or_answered_by_the_agent() -> None:
    with pytest.raises(CallError) as raised:
        Painter(words=0).execute(QUESTION)
    assert raised.value is GONE
    assert Stoic(fail).execute(QUESTION).text == "never mind: gone"


def test_input_that_is_refused_never_reaches_the_agent_nor_its_handler() -> None:
    with pytest.raises(CallError, match=r"input.text is empty, and there are no media; ask something"):
        Stoic(fail).execute(AgentInput(""))
    with pytest.raises(CallError, match=r"input.media\[0\] is image, and agent parrot takes and gives text"):
        Parrot().execute(QUESTION.with_media(DRAWING))


def test_a_fault_of_the_agent_is_no_error_of_the_call() -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Stoic(break_down).execute(QUESTION)


def test_media_alone_are_a_question() -> None:
    assert Painter().execute(AgentInput("").with_media(DRAWING)).media == (DRAWING,)


def test_what_came_before_a_failure_is_kept() -> None:
    stream = Painter(words=2).stream_execute(QUESTION)
    got = [next(stream).content, next(stream).content]
    with pytest.raises(CallError, match="gone"):
        next(stream)
    assert got == [TextChunk("Say"), TextChunk(" something")]
    assert list(stream) == []


def test_an_agent_must_say_how_it_answers() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseAgent()  # type: ignore[abstract]


def test_stream_impl_makes_an_agent_one_that_streams() -> None:
    assert not Parrot().supports_streaming()
    assert Painter().supports_streaming()
    with pytest.raises(NotImplementedError):
        Parrot().stream_impl(QUESTION)
