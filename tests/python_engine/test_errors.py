"""How errors are told: the script's own frames, lines and columns, and what caused what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.python_engine.spells import error, spell


def test_a_traceback_holds_the_scripts_frames_only_and_chains() -> None:
    source = """\
    import json
    def inner():
        try:
            json.loads("{")
        except ValueError as problem:
            raise RuntimeError("outer") from problem
    inner()
    """
    found = spell(source).error
    assert found is not None
    assert (found.kind, found.message, found.line, found.column) == ("runtime", "RuntimeError: outer", 6, 9)
    assert found.traceback[:2] == ("spell.py:6: in inner", "spell.py:7: in <module>")
    assert found.traceback[2].startswith("caused by JSONDecodeError: Expecting property name")
    assert found.traceback[3:] == ("spell.py:4: in inner",)


@pytest.mark.usefixtures("plain_worker")
def test_a_recursion_is_told_in_one_row() -> None:
    found = spell("def f():\n    f()\nf()").error
    assert found is not None
    assert found.message == "RecursionError: maximum recursion depth exceeded"
    assert found.traceback[1] == "spell.py:3: in <module>"
    assert found.traceback[0].startswith("spell.py:2: in f (9")


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        ("x = 1\nx = (", "'(' was never closed", 2, 5),
        ("def f():\nreturn 1", "expected an indented block after function definition on line 1", 2, 1),
        ("x = 'a", "unterminated string literal (detected at line 1)", 1, 5),
        ("return 5", "'return' outside function", 1, 1),
        ("# coding: nonsense\nx = 1", "unknown encoding: nonsense", None, None),
        ("a\0b", "source code string cannot contain null bytes", None, None),
        ("(" * 300 + ")" * 300, "too many nested parentheses", 1, 201),
        ("-" * 30_000 + "1", "it is nested too deeply", None, None),
    ],
    ids=["open", "indent", "string", "return", "coding", "zero", "parentheses", "signs"],
)
def test_what_does_not_parse_is_a_syntax_error_with_its_place(
    source: str, message: str, line: int | None, column: int | None
) -> None:
    found = spell(source).error
    assert found is not None
    assert (found.kind, found.message, found.line, found.column) == ("syntax", message, line, column)


def test_a_module_that_does_not_parse_gives_its_place_and_none_of_its_text(tmp_path: Any) -> None:
    (tmp_path / "secret.py").write_text("x = 1\nKEY = sk-12345 67890\n")
    source = """
    try:
        import secret
    except SyntaxError as problem:
        found = [problem.filename, problem.lineno, problem.text, "12345" in str(problem.args)]
    found
    """
    assert spell(source, folder=tmp_path).value == ["secret.py", 2, None, False]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ValueError", "ValueError"),
        ("class E(Exception):\n    def __str__(self): raise OSError\nraise E", "E, whose text cannot be had"),
        ("class E(Exception):\n    def __str__(self): return 5\nraise E", "E, whose text cannot be had"),
        ("raise ValueError('\\ud800')", "ValueError: \\ud800"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseException('x')", "BaseException: x"),
        ("raise ExceptionGroup('g', [ValueError(1)])", "ExceptionGroup: g (1 sub-exception)"),
        ("raise CallError('mine', kind='odd')", "mine"),
        ("assert 1 == 2, 'why'", "AssertionError: why"),
    ],
    ids=["bare", "raises", "no-text", "surrogate", "interrupt", "base", "group", "call", "assertion"],
)
def test_every_exception_ends_the_run_with_a_text(source: str, message: str) -> None:
    kind, text, line = error(source)
    assert (kind, text) == ("runtime", message)
    assert line is not None


def test_a_message_is_cut() -> None:
    assert len(error("raise ValueError('x' * 1_000_000)")[1]) < 9000


def test_a_circle_of_causes_is_told_once() -> None:
    source = """
    a, b = ValueError("a"), ValueError("b")
    a.__cause__, b.__cause__ = b, a
    raise a
    """
    found = spell(source).error
    assert found is not None
    assert [row for row in found.traceback if "caused" in row] == ["caused by ValueError: b"]


def test_the_parts_of_a_group_are_told_with_their_places() -> None:
    source = """\
    import asyncio
    async def bad(n):
        await asyncio.sleep(0)
        try:
            int(n)
        except ValueError as problem:
            raise KeyError(n) from problem
    async def main():
        async with asyncio.TaskGroup() as group:
            for n in ("a", "b"):
                group.create_task(bad(n))
    await main()
    """
    found = spell(source).error
    assert found is not None
    assert found.message == "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)"
    one = ["spell.py:7: in bad", "spell.py:5: in bad"]
    assert [row for row in found.traceback if row.startswith(("caused", "spell.py:5", "spell.py:7"))] == [
        "caused by KeyError: 'a'", one[0], "caused by ValueError: invalid literal for int() with base 10: 'a'", one[1],
        "caused by KeyError: 'b'", one[0], "caused by ValueError: invalid literal for int() with base 10: 'b'", one[1],
    ]  # fmt: skip


def test_a_group_of_thousands_and_one_that_lies_tell_a_few() -> None:
    source = """\
    class Lying(ExceptionGroup):
        exceptions = property(lambda self: 1 / 0)
    raise Lying("many", [Lying("inner", [ValueError(str(n)) for n in range(5000)]), ValueError("last")])
    """
    found = spell(source).error
    assert found is not None
    caused = [row for row in found.traceback if "caused" in row]
    assert caused[:2] == ["caused by Lying: inner (5000 sub-exceptions)", "caused by ValueError: 0"]
    assert len(caused) == 8


def test_memory_that_a_task_of_a_group_was_refused_is_the_limit() -> None:
    source = """\
    import asyncio
    async def eat():
        eaten = []
        while True:
            eaten.append("x" * 100_000 + str(len(eaten)))
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(eat())
    await main()
    """
    found = spell(source)
    assert found.verdict == "limit"
    assert found.limit is not None
    assert found.error is not None
    assert (found.limit.name, found.error.line) == ("memory", 5)
