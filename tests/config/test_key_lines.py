"""Lines of keys: told for every key of a document, and always the line of the statement that brings the key in."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.config.lines import key_lines

LINES: list[tuple[str, tuple[str, ...], int | None]] = [
    ("a = 1\nb = 2", ("b",), 2),
    ('s = """\nb = 1\n[t]\n"""\nb = 2\n[t]\nb = 3', ("b",), 5),
    ('s = """\nb = 1\n[t]\n"""\n[t]\nb = 3', ("t", "b"), 6),
    ("s = '''\n'b' = 1\n''''\nb = 2", ("b",), 4),
    ('s = """a""b\\""""""\nb = 2', ("b",), 2),
    ("[t]\r\na = 1\r\n[t.u]\r\nb = [\r\n 1,\r\n]\r\nc = 1", ("t", "u", "c"), 7),
    ("t.u.b = 1", ("t", "u"), 1),
    ("t = {u = {b = 1, c = [{b = 2},\n{}]}, d = 1}", ("t", "d"), 2),
    ("t = [{u = 1}]", ("t", "u"), None),
    ('"\\u0062" = 1', ("b",), 1),
    ("'a.b'.c = 1 # d = 1\nd = 2", ("a.b", "c"), 1),
    ("'a.b'.c = 1 # d = 1\nd = 2", ("d",), 2),
    ("a = 1", (), None),
    ("a = 1", ("a", "b"), None),
]


@pytest.mark.parametrize(("text", "path", "line"), LINES, ids=range(len(LINES)))
def test_a_key_has_the_line_of_its_statement(text: str, path: tuple[str, ...], line: int | None) -> None:
    tomllib.loads(text)
    assert key_lines(text).line_of(path) == line


def paths(table: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a document that is not in a list."""
    for name, value in table.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from paths(value, (*above, name))


NAMES = st.sampled_from(["a", "b", "'c'", '"d e"', '"\\u0061"', "1"])
DOTTED = st.lists(NAMES, min_size=1, max_size=3).map(" . ".join)
PLAIN = st.sampled_from(
    [
        "1",
        '"x # y"',
        "'[t]'",
        '"""\n[t]\na = 1\n"""',
        "'''\n''''",
        '"""\\"""""',
        "2024-01-01 10:00:00",
        "-1.5e3",
        "true",
    ]
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + " # ]\n]")
        | st.lists(st.tuples(DOTTED, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{name} = {value}" for name, value in pairs) + "}"
        )
    ),
    max_leaves=4,
)
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, DOTTED, VALUES),
    st.builds("{} = {} # a = [".format, DOTTED, VALUES),
    st.builds("[ {} ] # x".format, DOTTED),
    st.builds("[[{}]]".format, DOTTED),
    st.sampled_from(["", "# a = 1", "\t"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STATEMENTS, max_size=8))
def test_the_line_is_that_of_the_statement_that_brings_the_key_in(statements: list[str]) -> None:
    kept: list[str] = []
    began: dict[tuple[str, ...], tuple[int, int]] = {}
    for statement in statements:
        first = "\n".join([*kept, ""]).count("\n") + 1
        try:
            table = tomllib.loads("\n".join([*kept, statement]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(statement)
        for path in paths(table):
            began.setdefault(path, (first, first + statement.count("\n")))
    found = key_lines("\n".join(kept))
    for path, (first, last) in began.items():
        assert first <= (found.line_of(path) or 0) <= last, (path, "\n".join(kept))


HOSTILE = [
    "[t]\n" + "".join(f"b{number} = 1\n" for number in range(80_000)),
    "".join(f'"{number}" = 1\n' for number in range(80_000)),
    'a = """' + '""a' * 340_000 + '"""',
    "a = [" + "{}," * 340_000 + "]",
    "[" + ".".join("a" * 30) + "]\n" + "".join(f"{'x.' * 30}b{number} = 1\n" for number in range(15_000)),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_document_costs_time_in_proportion_to_its_size(text: str) -> None:
    begin = time.process_time()
    key_lines(text)
    assert time.process_time() - begin < 40
