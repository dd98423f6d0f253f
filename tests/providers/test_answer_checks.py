"""What is read of a provider's answer beside its text: events that break, words of failure, when to come back."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.providers.events import CHECKED_BYTES, EventCheck, EventFailedError, EventRefusedError
from llmspell.providers.retry_after import LONGEST, seconds_until_retry
from llmspell.providers.words import words_in, words_of

MARK = b"\xef\xbb\xbf"
GOOD = b': ping\r\n\r\nevent: x\ndata: {"choices": [], "text": "\xc3\xa9"}\n\ndata: {"a":\ndata: 1}\r\n\r\n'
UNREAD = b":\n\nid: 1\r\nretry: 10\r\r: ping\n\nevent: ping\n\ndata:\n\n"
PASSED = b'event: x\ndata: {"choices": [], "text": "\xc3\xa9"}\n\ndata: {"a":\ndata: 1}\n\n'
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
            for event in check.feed(body[begin:end]):
                passed += event
        except Exception as error:
            error.add_note(passed.decode("latin-1"))
            raise
    return passed


@given(st.lists(st.integers(0, 250)), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_the_events_of_a_stream_pass_however_it_is_cut_and_whatever_is_between_them(
    cuts: list[int], line_end: bytes
) -> None:
    body = MARK + GOOD + UNREAD + b"data: [DONE]\n\n" + UNREAD + GOOD
    body = body.replace(b"\r\n", b"\n").replace(b"\n", line_end)
    assert read(EventCheck(), body, cuts) == PASSED + b"data: [DONE]\n\n" + PASSED


@given(st.lists(st.integers(0, 200)))
def test_what_ends_no_event_is_left_to_the_end(cuts: list[int]) -> None:
    check = EventCheck()
    assert read(check, GOOD + b"data: [DO", cuts) == PASSED
    assert check.rest() == b"data: [DO"


@given(st.sampled_from(BAD), st.lists(st.integers(0, 200)))
def test_a_bad_event_is_found_however_it_is_cut_and_what_was_before_it_has_passed(bad: bytes, cuts: list[int]) -> None:
    with pytest.raises((EventRefusedError, EventFailedError)) as caught:
        read(EventCheck(), GOOD + bad + GOOD, cuts)
    assert caught.value.__notes__[0].encode("latin-1") == PASSED


def test_the_kinds_of_bad_events() -> None:
    with pytest.raises(EventRefusedError, match="is not JSON"):
        read(EventCheck(), BAD[0], [])
    with pytest.raises(EventRefusedError, match="is not UTF-8"):
        read(EventCheck(), BAD[1], [])
    with pytest.raises(EventFailedError) as caught:
        read(EventCheck(), b'data: {"error": {"message": "no", "code": 503}}\n\n', [])
    assert caught.value.words.status == 503


def test_an_event_over_the_cap_is_left_to_the_library() -> None:
    check = EventCheck()
    read(check, b"data: {" + b"x" * CHECKED_BYTES + b"\n\n", [])
    with pytest.raises(EventRefusedError):
        read(check, b"data: {\n\n", [])


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
