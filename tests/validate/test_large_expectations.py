"""A whole number that nothing can hold is a bad expectation, which names its key, and no fault of ours."""

from __future__ import annotations

import pytest

from llmspell.validate.runs.expectation import BadExpectationError, read_expectation

LARGE = {"just": str(2**63), "below": str(-(2**63) - 1), "decimal": "9" * 400, "hex": "0x" + "f" * 100_000}


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("seed = {}", "seed"),
        ("exit_status = {}", "exit_status"),
        ("value = {}", "value"),
        ("value = [1, [{{deep = {}}}]]", "value"),
        ("value = {{deep = {{deeper = {}}}}}", "value.deep"),
        ("[calls]\ntool = {}", "calls.tool"),
        ("[usage]\nmemory = {}", "usage.memory"),
        ("[usage]\nwall = {}", "usage.wall"),
        ("[usage]\ncost = {}", "usage.cost"),
    ],
    ids=["seed", "status", "value", "in-a-list", "deep", "calls", "memory", "wall", "cost"],
)
def test_a_whole_number_of_over_64_bits_is_refused_with_its_key(text: str, key: str, number: str) -> None:
    with pytest.raises(BadExpectationError, match=f"'{key}' is a whole number of over 64 bits") as refused:
        read_expectation(text.format(number).encode(), "a.expect.toml")
    assert refused.value.line == text.count("\n") + 1


def test_the_largest_whole_numbers_are_taken() -> None:
    numbers = [2**63 - 1, -(2**63)]
    assert read_expectation(f"value = {numbers}".encode(), "a.expect.toml").value == numbers
