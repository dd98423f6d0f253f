"""Ids: every one that is made is valid, and nothing else is."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import UsageError
from llmspell.utils.ids import (
    NAMESPACE_AGENT,
    NAMESPACE_TOOL,
    SequentialIds,
    extract_prefix,
    generate_component_id,
    generate_deterministic_id,
    generate_short_id,
    validate_component_id,
)
from tests.wire.examples import relaxed

prefixes = st.from_regex(r"[a-z][a-z0-9_-]{0,63}", fullmatch=True)
MAKERS: list[Callable[[str], str]] = [
    generate_component_id,
    generate_short_id,
    lambda prefix: generate_deterministic_id(prefix, NAMESPACE_AGENT, "critic"),
    lambda prefix: SequentialIds(prefix)(),
    lambda prefix: SequentialIds(prefix, first=10**17)(),
]
makers = pytest.mark.parametrize("make", MAKERS, ids=["uuid", "short", "deterministic", "sequential", "large"])


@makers
@relaxed
@given(prefix=prefixes)
def test_what_is_made_is_valid_and_has_its_prefix(make: Callable[[str], str], prefix: str) -> None:
    made = make(prefix)
    assert validate_component_id(made)
    assert validate_component_id(made, prefix)
    assert not validate_component_id(made, prefix + "x")
    assert extract_prefix(made) == prefix


@makers
@pytest.mark.parametrize("prefix", ["", "A", "1a", "a b", "é", "a" * 65, "a/b", "a\n"])
def test_what_is_no_prefix_is_refused(make: Callable[[str], str], prefix: str) -> None:
    with pytest.raises(UsageError, match="is no prefix of an id: write 1 to 64 of"):
        make(prefix)


@pytest.mark.parametrize(
    "text",
    ["", "agent", "agent_", "_0a1b2c3d", "agent_0A1B2C3D", "agent_0a1b2c3", "agent_0a1b2c3d\n", " agent_0a1b2c3d",
     "agent_6ba13d5a-3f5d-4a5b-9f7e-3d5a2f4d3a2", "agent_6ba13d5a3f5d4a5b9f7e3d5a2f4d3a2b",
     "agent_6ba13d5a-3f5d-0a5b-9f7e-3d5a2f4d3a2b", "agent_6ba13d5a-3f5d-4a5b-1f7e-3d5a2f4d3a2b"],
)  # fmt: skip
def test_what_nobody_made_is_invalid(text: str) -> None:
    assert not validate_component_id(text)
    assert extract_prefix(text) is None


@relaxed
@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert validate_component_id(text) == (extract_prefix(text) is not None)


def test_random_ids_differ_and_deterministic_ones_do_not() -> None:
    assert len({generate_component_id("a") for _ in range(1000)}) == 1000
    first = generate_deterministic_id("a", NAMESPACE_AGENT, "critic")
    assert first == generate_deterministic_id("a", NAMESPACE_AGENT, "critic")
    assert first != generate_deterministic_id("a", NAMESPACE_AGENT, "critics")
    assert first != generate_deterministic_id("a", NAMESPACE_TOOL, "critic")
    assert first == f"a_{uuid.uuid5(NAMESPACE_AGENT, 'critic')}"


def test_sequential_ids_count_each_for_itself() -> None:
    first, second = SequentialIds("a"), SequentialIds("b", first=99_999_999)
    assert [first(), first(), second(), second()] == ["a_00000001", "a_00000002", "b_99999999", "b_100000000"]
