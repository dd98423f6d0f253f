"""What is read of a provider's answer beside its text: events that break, words of failure, when to come back."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.providers.events import CHECKED_BYTES, EventCheck, EventError, EventFailedError, EventRefusedError
from llmspell.providers.retry_after import LONGEST, seconds_until_retry
from llmspell.providers.words import words_in, words_of

GOOD = b': ping\r\n\r\nevent: x\ndata: {"choices": [], "text": "\xc3\xa9"}\n\ndata: {"a":\ndata: 1}\r\n\r\n'
BAD = [
    b"data: {oops\n\n",
    b"data: \xe2\x82\n\n",
    b"\xff\n\n",
    b'data: {"error": "no"}\n\n',
    b'data: {"a":\ndata: }\n\n',
]


def read(check: EventCheck, body: bytes, cuts: list[int]) -> bytes:
    """What passes of a body that comes cut in pieces; raises as the check does."""
    passed = b""
    edges = sorted({0, *(cut % (len(body) + 1) for cut in cuts), len(body)})
    for begin, end in pairwise(edges):
        try:
            check.feed(body[begin:end])
        except EventError as error:
            passed += body[begin:end][: error.before]
            error.add_note(passed.decode("latin-1"))
            raise
        passed += body[begin:end]
    return passed


@given(st.lists(st.integers(0, 200)))
def test_a_good_stream_passes_however_it_is_cut(cuts: list[int]) -> None:
    body = GOOD + b"data: [DONE]\n\ndata:\n\n" + GOOD
    assert read(EventCheck(), body, cuts) == body


@given(st.sampled_from(BAD), st.lists(st.integers(0, 200)))
def test_a_bad_event_is_found_however_it_is_cut_and_what_was_before_it_has_passed(bad: bytes, cuts: list[int]) -> None:
    with pytest.raises(EventError) as caught:
        read(EventCheck(), GOOD + bad + GOOD, cuts)
    passed = caught.value.__notes__[0].encode("latin-1")
    assert passed.startswith(GOOD)
    assert len(passed) < len(GOOD) + len(bad)


def test_the_kinds_of_bad_events() -> None:
    with pytest.raises(EventRefusedError, match="is not JSON"):
        EventCheck().feed(BAD[0])
    with pytest.raises(EventRefusedError, match="is not UTF-8"):
        EventCheck().feed(BAD[1])
    with pytest.raises(EventFailedError) as caught:
        EventCheck().feed(b'data: {"error": {"message": "no", "code": 503}}\n\n')
    assert caught.value.words.status == 503


def test_an_event_over_the_cap_is_left_to_the_library() -> None:
    check = EventCheck()
    check.feed(b"data: {" + b"x" * CHECKED_BYTES + b"\n\n")
    with pytest.raises(EventRefusedError):
        check.feed(b"data: {\n\n")


@pytest.mark.parametrize(
    ("document", "message", "codes", "status"),
    [
        ({"error": {"message": "a", "type": "t", "code": None}}, "a", {"t"}, None),
        ({"error": {"message": "a", "code": 429, "status": "EXHAUSTED"}}, "a", {"429", "EXHAUSTED"}, 429),
        ([{"error": {"message": "a", "code": "7"}}], "a", {"7"}, None),
        ({"error": "a"}, "a", set(), None),
        ({"object": "error", "message": "a", "type": "t"}, "a", {"t"}, None),
        ({"detail": "a"}, "a", set(), None),
    ],
)
def test_the_words_of_a_failure(document: object, message: str, codes: set[str], status: int | None) -> None:
    words = words_in(json.dumps(document).encode())
    assert words is not None
    assert (words.message, set(words.codes), words.status) == (message, codes, status)


@pytest.mark.parametrize(
    "document", [{}, [], 1, None, {"choices": [], "error": "a"}, {"error": {"message": 3}}, {"message": {}}]
)
def test_what_is_no_failure_has_no_words(document: object) -> None:
    assert words_of(document) is None


@given(st.binary())
def test_any_body_is_read_without_an_error(body: bytes) -> None:
    words_in(body)
    words_in(b"[" * 100_000 + body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "code", "type", "x"]), inner)
        ),
    )
)
def test_any_document_is_read_without_an_error(document: Any) -> None:
    words = words_of(document)
    assert words is None or isinstance(words.message, str)


@given(st.text(), st.floats(0, 2e9))
def test_any_retry_after_is_seconds_or_nothing(text: str, now: float) -> None:
    seconds = seconds_until_retry({"retry-after": text}, now)
    assert seconds is None or 0 <= seconds <= LONGEST


def test_retry_after_is_read_in_its_three_forms() -> None:
    assert seconds_until_retry({}, 0) is None
    assert seconds_until_retry({"retry-after": "7"}, 0) == 7
    assert seconds_until_retry({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 50) == 10
    assert seconds_until_retry({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 70) == 0
    assert seconds_until_retry({"retry-after": "7", "retry-after-ms": "1"}, 0) == 0.001
