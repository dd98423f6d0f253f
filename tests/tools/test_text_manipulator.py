"""The tool `text-manipulator`: each operation, its older spellings, and bounds on what is built."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]
MIB = 2**20


@pytest.mark.parametrize(
    ("operation", "text", "options", "expected"),
    [
        ("uppercase", "héllo", {}, "HÉLLO"),
        ("lowercase", "HÉLLO", {}, "héllo"),
        ("reverse", "abc", {}, "cba"),
        ("trim", "  a b \n", {}, "a b"),
        ("replace", "a.b.c", {"from": ".", "to": "->"}, "a->b->c"),
        ("replace", "(a+)+$", {"pattern": "(a+)+$", "replacement": "x"}, "x"),
        ("replace", "abc", {"from": "b", "to": ""}, "ac"),
        ("substring", "hello", {"start": 1, "end": 3}, "el"),
        ("substring", "hello", {"start": 9, "end": 3}, ""),
        ("snake_case", "someNameHTTP", {}, "some_name_http"),
        ("camel_case", "some_name-here", {}, "someNameHere"),
        ("camel_case", "SomeName", {}, "someName"),
        ("camel_case", "_x", {}, "X"),
        ("pascal_case", "some_name-here", {}, "SomeNameHere"),
        ("sanitize", "  a\x00b\té\n ", {}, "ab\t\n"),
        ("truncate", "Hello, world!", {"max_length": 5}, "He..."),
        ("truncate", "Hello", {"max_length": 2}, ".."),
        ("truncate", "Hello", {"max_length": 5}, "Hello"),
        ("truncate", "x" * 200, {}, "x" * 97 + "..."),
        ("indent", "a\nb\n", {"spaces": 2}, "  a\n  b\n"),
        ("indent", "a", {}, "    a"),
        ("dedent", "  a\n    b\n\n", {}, "a\n  b\n\n"),
        ("dedent", "", {}, ""),
        ("normalize_whitespace", " a \n\t b ", {}, "a b"),
        ("word_wrap", "the quick brown fox", {"width": 10}, "the quick\nbrown fox"),
        ("word_wrap", "abcdefgh ij\nshort", {"width": 3}, "abc\ndef\ngh\nij\nsho\nrt"),
        ("word_wrap", "     " * 30, {"width": 10}, ""),
        ("word_wrap", "word " * 20, {}, ("word " * 16).strip() + "\n" + ("word " * 4).strip()),
        ("join", '["a", "b"]', {"delimiter": "-"}, "a-b"),
        ("join", ["a", "b"], {}, "a b"),
        ("join", [], {}, ""),
    ],
)
def test_operation(call: Call, operation: str, text: Any, options: dict[str, Any], expected: str) -> None:
    done = call("text-manipulator", operation=operation, input=text, options=options)
    assert done["result"]["result"] == done["text"] == expected
    assert done["result"]["operation"] == done["operation"] == operation
    assert done["result"]["result_length"] == len(expected)


def test_split_gives_a_list(call: Call) -> None:
    done = call("text-manipulator", operation="split", input="a,b,,c", options={"delimiter": ","})
    assert done["result"]["result"] == ["a", "b", "", "c"]
    assert done["text"] == '["a", "b", "", "c"]'
    assert call("text-manipulator", operation="split", input="a b")["result"]["result"] == ["a", "b"]


@pytest.mark.parametrize("older", ["text", "content", "data"])
def test_older_spellings(call: Call, older: str) -> None:
    done = call("text_manipulator", operation="uppercase", **{older: "x"})
    assert done["result"]["original_length"] == 1
    assert done["text"] == "X"


def test_mistakes_are_named(refused: Refusal) -> None:
    tool = "text-manipulator"
    assert "must be one of" in refused(tool, operation="shout", input="x")
    assert "did you mean 'uppercase'" in refused(tool, operation="uppercas", input="x")
    assert "needs the parameter 'input'" in refused(tool, operation="trim")
    assert "needs the option 'from'" in refused(tool, operation="replace", input="x")
    assert "needs the option 'to'" in refused(tool, operation="replace", input="x", options={"from": "x"})
    assert "is empty" in refused(tool, operation="replace", input="x", options={"from": "", "to": "y"})
    assert "is empty" in refused(tool, operation="split", input="x", options={"delimiter": ""})
    assert "'options.width' must be at least 1" in refused(tool, operation="word_wrap", input="x", options={"width": 0})
    assert "'options.wide' is not known; did you mean 'width'" in refused(
        tool, operation="word_wrap", input="x", options={"wide": 1}
    )
    assert "must be a string for trim" in refused(tool, operation="trim", input=["x"])
    for wrong in ("{}", "not json", "[1]", "[" * 5000):
        assert "list of texts" in refused(tool, operation="join", input=wrong)


def test_results_are_bounded_and_refused_fast(refused: Refusal) -> None:
    tool = "text-manipulator"
    started = time.thread_time()
    big = {"from": "a", "to": "b" * MIB}
    assert "over 1,048,576" in refused(tool, operation="replace", input="a" * MIB, options=big)
    assert "over 1,048,576" in refused(tool, operation="indent", input="\n" * MIB, options={"spaces": 1_000_000})
    assert "must be at most" in refused(tool, operation="indent", input="x", options={"spaces": 10**12})
    assert "parts, the most" in refused(tool, operation="split", input=" " * MIB)
    assert "parts, the most" in refused(tool, operation="join", input=["x"] * 60_000)
    long = {"delimiter": "x" * MIB}
    assert "over 1,048,576" in refused(tool, operation="join", input=["a", "b", "c"], options=long)
    assert "the input is" in refused(tool, operation="trim", input="x" * (MIB + 1))
    assert "the input is" in refused(tool, operation="join", input="x" * (MIB + 1))
    assert "the result is" in refused(tool, operation="uppercase", input="ΐ" * (MIB // 2))
    assert "lone surrogate" in refused(tool, operation="trim", input="\udc00")
    assert time.thread_time() - started < 30


@pytest.mark.parametrize("operation", ["word_wrap", "snake_case", "sanitize", "dedent", "normalize_whitespace"])
def test_largest_input_is_handled(call: Call, operation: str) -> None:
    started = time.thread_time()
    call("text-manipulator", operation=operation, input="a " * (MIB // 2))
    assert time.thread_time() - started < 30
