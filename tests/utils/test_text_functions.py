"""Text for people: cut and wrapped without splitting what a person sees as one character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.utils.text import (
    _is_joined,
    to_camel_case,
    to_kebab_case,
    to_pascal_case,
    to_snake_case,
    truncate,
    word_wrap,
)
from tests.wire.examples import relaxed

FAMILY, FLAG, ACCENT, THUMB = "👩\u200d👩\u200d👧", "🇫🇷", "e\u0301", "👍🏽"
SCOTLAND = "🏴" + "".join(chr(0xE0000 + ord(char)) for char in "gbsct") + "\U000e007f"
clusters = st.sampled_from(["a", "b", " ", FAMILY, FLAG, ACCENT, THUMB, SCOTLAND, "\r\n", "…"])
seen = st.lists(clusters, max_size=12)


@relaxed
@given(seen, st.integers(0, 60), st.sampled_from(["...", "…", ""]))
def test_a_cut_keeps_whole_characters_and_no_more_than_allowed(whole: list[str], most: int, ellipsis: str) -> None:
    text = "".join(whole)
    cut = truncate(text, most, ellipsis)
    assert len(cut) <= most
    if len(text) <= most:
        assert cut == text
    elif most >= len(ellipsis):
        kept = cut.removesuffix(ellipsis) if ellipsis else cut
        fits = [count for count in range(len(whole) + 1) if len("".join(whole[:count])) <= most - len(ellipsis)]
        assert kept == "".join(whole[: fits[-1]])


def test_an_ellipsis_that_does_not_fit_is_cut_itself() -> None:
    assert [truncate("abcdef", most) for most in (0, 1, 3, 4, 6, -1)] == ["", ".", "...", "a...", "abcdef", ""]


def test_a_very_long_character_is_cut_away_whole_in_one_pass() -> None:
    assert truncate("a" + "\u0301" * 100_000, 50_000, "") == ""


@relaxed
@given(seen, st.integers(1, 20))
def test_wrapped_lines_are_short_enough_and_hold_every_word(whole: list[str], width: int) -> None:
    text = "".join(whole)
    lines = word_wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert len(line) <= width or all(_is_joined(line, at) for at in range(width, len(line)))
        assert not (line and line[0] in "\u0301\u200d🏽")


def test_lines_of_the_text_stay() -> None:
    assert word_wrap("a\n\n  b c\r\nlong-word here", 5) == ["a", "", "  b c", "long-", "word", "here"]
    assert word_wrap("", 5) == []
    assert word_wrap(FAMILY * 2, 2) == [FAMILY, FAMILY]
    with pytest.raises(ValueError, match="width is 0"):
        word_wrap("a", 0)


@pytest.mark.parametrize(
    ("name", "snake", "camel"),
    [
        ("HTTPServer", "http_server", "httpServer"),
        ("parse_HTTP-request", "parse_http_request", "parseHttpRequest"),
        ("maxTokens2Go", "max_tokens2_go", "maxTokens2Go"),
        ("  __a..b__ ", "a_b", "aB"),
        ("ÄpfelUndÖl", "äpfel_und_öl", "äpfelUndÖl"),
        ("X", "x", "x"),
        ("", "", ""),
        ("--", "", ""),
    ],
)
def test_names_in_other_spellings(name: str, snake: str, camel: str) -> None:
    assert (to_snake_case(name), to_camel_case(name)) == (snake, camel)
    assert to_kebab_case(name) == snake.replace("_", "-")
    assert to_pascal_case(name) == camel[:1].upper() + camel[1:]


words = st.lists(st.text("abcdefgh", min_size=2, max_size=8), max_size=5)


@relaxed
@given(words)
def test_every_spelling_leads_to_every_other(parts: list[str]) -> None:
    snake = "_".join(parts)
    for spelled in (snake, to_kebab_case(snake), to_camel_case(snake), to_pascal_case(snake)):
        assert to_snake_case(spelled) == snake
