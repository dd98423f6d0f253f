"""What is forgotten of a conversation, and what never is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmspell.agents.dialogue import Dialogue, Messages, shorten
from llmspell.agents.message import AskedCall, Message, Role
from tests.wire.examples import relaxed


def message(role: Role, number: int) -> Message:
    return Message(role, f"{role}-{number}")


def tool_round(number: int, calls: int) -> Messages:
    asked = tuple(AskedCall(f"{number}-{at}", "calculator", "{}", {}) for at in range(calls))
    return (
        Message(Role.ASSISTANT, f"round-{number}", calls=asked),
        *(Message(Role.TOOL, "4", tool_call_id=call.id, name=call.name) for call in asked),
    )


def exchange(number: int, rounds: list[int], *, has_rule: bool) -> Messages:
    rule = (message(Role.SYSTEM, number),) if has_rule else ()
    called = [one for at, calls in enumerate(rounds) for one in tool_round(10 * number + at, calls)]
    return (*rule, message(Role.USER, number), *called, message(Role.ASSISTANT, number))


exchanges = st.tuples(st.lists(st.integers(1, 3), max_size=3), st.booleans())
conversations = st.lists(exchanges, max_size=6).map(
    lambda given: tuple(
        one for number, (rounds, has_rule) in enumerate(given) for one in exchange(number, rounds, has_rule=has_rule)
    )
)


def said(messages: Messages) -> Messages:
    return tuple(message for message in messages if message.role is not Role.SYSTEM)


@relaxed
@given(conversations, st.integers(0, 30))
def test_what_is_left_fits_begins_with_a_question_and_keeps_calls_with_their_answers(
    messages: Messages, most: int
) -> None:
    left = shorten(messages, lambda some: len(said(some)) <= most)
    assert len(said(left)) <= most
    assert [one for one in messages if one in left] == list(left)
    assert [one for one in left if one.role is Role.SYSTEM] == [one for one in messages if one.role is Role.SYSTEM]
    if said(left):
        assert said(left)[0].role is Role.USER
        assert left[-1] == messages[-1]
    again = Dialogue()
    again.restore([one.to_wire() for one in left])  # which refuses a call without its answer, and the other way round
    assert again.messages == left


@relaxed
@given(conversations)
def test_what_fits_is_left_alone_and_nothing_is_asked_often(messages: Messages) -> None:
    asked: list[Messages] = []

    def never(some: Messages) -> bool:
        asked.append(some)
        return False

    assert shorten(messages, lambda some: True) is messages  # noqa: ARG005 - everything fits
    assert said(shorten(messages, never)) == ()
    assert len(asked) <= 2 + len(messages).bit_length()


def test_of_the_last_exchange_the_tool_calls_are_forgotten_first() -> None:
    messages = (*exchange(0, [], has_rule=False), *exchange(1, [1, 2], has_rule=False))
    assert [one.text for one in shorten(messages, lambda some: len(some) <= 5)] == [
        "user-1", "round-11", "4", "4", "assistant-1",
    ]  # fmt: skip
    assert [one.text for one in shorten(messages, lambda some: len(some) <= 4)] == ["user-1", "assistant-1"]
    assert shorten(messages, lambda some: len(some) <= 1) == ()
