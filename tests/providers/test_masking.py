"""Keys never leave in text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmspell.providers.masking import mask, one_line, sendable


@given(st.text(), st.text(min_size=4).filter(lambda key: "*" not in key), st.text())
def test_a_secret_is_never_left(before: str, secret: str, after: str) -> None:
    assert secret not in mask(before + secret + after, [secret])


def test_what_looks_like_a_key_is_masked() -> None:
    shown = mask("sk-proj-abc*123, Bearer t0ken, AIzaSyA1234567890 and http://me:pw@host/x", [])
    assert shown == "***, Bearer *** *** and http://***host/x"


def test_a_secret_is_masked_as_a_url_writes_it() -> None:
    assert mask("?key=a%2Fb%20c+d", ["a/b c+d"]) == "?key=a%2Fb%20c+d"
    assert mask("?key=a%2Fb+c%2Bd&x", ["a/b c+d"]) == "?key=***&x"


def test_a_very_short_secret_is_no_key() -> None:
    assert mask("an answer", ["a", ""]) == "an answer"


def test_a_line_is_printable_and_bounded() -> None:
    assert one_line("a\n\tb\x1b[0m\u2028c ", 80) == "a b [0m c"
    assert one_line("x" * 100, 10) == "xxxxxxx..."


@given(st.text(st.characters()))
def test_sendable_text_is_utf_8_and_whole_text_stays(text: str) -> None:
    assert sendable(text).encode("utf-8") == text.encode("utf-8", "replace")
