"""Keys never leave in text."""

from __future__ import annotations

import pytest
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
    assert mask("?q=a%2Fb%20c+d", ["a/b c+d"]) == "?q=a%2Fb%20c+d"
    assert mask("?q=a%2Fb+c%2Bd&x", ["a/b c+d"]) == "?q=***&x"


@pytest.mark.parametrize("shown", ["local-ke*******6789", "loc...789", "loca…89", "local-key-01**"])
def test_a_key_that_is_quoted_with_its_middle_left_out_is_masked(shown: str) -> None:
    assert mask(f"bad key: {shown}, sorry", ["local-key-0123456789"]) == "bad key: ***, sorry"


@pytest.mark.parametrize("name", ["X-Amz-Signature", "sig", "access_token", "X-Goog-Credential", "api_key", "KEY"])
def test_what_signs_a_url_is_masked(name: str) -> None:
    url = f"https://store/x.png?size=2&{name}=AbC%2F12-3_~&expires=9"
    assert mask(f"see <{url}>", []) == f"see <https://store/x.png?size=2&{name}=***&expires=9>"


def test_what_is_no_key_is_left() -> None:
    text = "**bold** words... and a monkey=3, ?page=2&size=4"
    assert mask(text, ["local-key-0123456789"]) == text


def test_a_very_short_secret_is_no_key() -> None:
    assert mask("an answer", ["a", ""]) == "an answer"


def test_a_line_is_printable_and_bounded() -> None:
    assert one_line("a\n\tb\x1b[0m\u2028c ", 80) == "a b [0m c"
    assert one_line("x" * 100, 10) == "xxxxxxx..."


@given(st.text(st.characters()))
def test_sendable_text_is_utf_8_and_whole_text_stays(text: str) -> None:
    assert sendable(text).encode("utf-8") == text.encode("utf-8", "replace")
