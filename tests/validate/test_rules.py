"""Every case says in its first lines what is found in it, and nothing else is."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmspell.engines.factory import EngineFactory
from llmspell.validate.check import Checker
from llmspell.validate.discovery import Discovery
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.judged import kept
from llmspell.validate.result import Result, Status
from llmspell.validate.rules import RULES
from llmspell.validate.rules.off import Off
from llmspell.validate.rules.secrets import masked
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

CASES = Path(__file__).parent / "cases"
WANTED = re.compile(r"(?:--|//|#) wants: ([a-z0-9-]+) (\d+:\d+|-) ([a-z]+)")


def wanted(source: str) -> list[tuple[str, str, str]]:
    lines = (WANTED.fullmatch(line) for line in source.splitlines())
    return [(match[1], match[2], match[3]) for match in lines if match]


def found(result: Result) -> list[tuple[str, str, str]]:
    return [
        (one.rule, f"{one.position.line}:{one.position.column}" if one.position else "-", one.severity.value)
        for one in result.findings
    ]


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker(Settings()) as made:
        yield made


@pytest.fixture(scope="module")
def spells() -> dict[str, Spell]:
    listed = Discovery([str(CASES)], factory=EngineFactory(), allowed=1 << 20)
    return {Path(one.path).resolve().relative_to(CASES).as_posix(): one for one in listed if isinstance(one, Spell)}


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir() if path.is_file()))
def test_what_a_case_wants_is_found_and_nothing_else(name: str, checker: Checker, spells: dict[str, Spell]) -> None:
    result = checker.check(spells[name])
    assert found(result) == wanted(spells[name].source.decode()), result.findings


def test_every_case_is_of_rules_that_there_are() -> None:
    rules = {rule for path in CASES.iterdir() if path.is_file() for rule, _, _ in wanted(path.read_text())}
    assert rules <= set(RULES)


def test_notes_and_warnings_hide_no_error_however_many_there_are(checker: Checker) -> None:
    notes = "".join(f"pcall(function() caught{number}() end)\n" for number in range(250))
    warnings = "".join(f"print(read{number})\n" for number in range(250))
    result = checker.check(Spell("a.lua", "lua", f"{notes}{warnings}nope()\n".encode()))
    assert (result.status, len(result.findings)) == (Status.FAILED, 200)
    assert [one.message for one in result.findings if one.severity is Severity.ERROR] == [
        "nope is defined neither by the script nor by the engine"
    ]
    lines = [one.position.line for one in result.findings if one.position]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("engine", "source"),
    [
        ("lua", "local function total(of) return #of end do local totals = 1 end print(totla({}), totals())"),
        ("javascript", "const total = (of) => of.length; { let totals = 1; } console.log(totla([]), totals());"),
        ("python", "def total(of):\n    totals = 1\n    return len(of)\nprint(totla([]), totals())"),
    ],
    ids=["lua", "javascript", "python"],
)
def test_a_name_that_the_script_defines_elsewhere_is_what_may_be_meant(
    checker: Checker, engine: str, source: str
) -> None:
    first, second = (one.message for one in checker.check(Spell("a", engine, source.encode())).findings)
    assert first == "totla is defined neither by the script nor by the engine; did you mean total?"
    assert second == "totals is defined neither by the script nor by the engine; did you mean total?"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="parameters of types are there from Python 3.12 on")
def test_parameters_of_types_are_names_where_they_are_seen(checker: Checker) -> None:
    source = """
class Box[T]:
    item: T
    def put[U](self, given: U, *more: T) -> tuple[T, U]: return T, U
type Pair[A] = tuple[A, A]
def first[K](items: list[K]) -> K: return items[0]
print(Box, Pair, first, U)
"""
    result = checker.check(Spell("a.py", "python", source.encode()))
    assert [(one.rule, one.message.split()[0]) for one in result.findings] == [("unknown-name", "U")]


def test_errors_that_are_switched_off_hide_none_that_is_not(checker: Checker) -> None:
    off = "".join(f"off{number}() -- llmspell: off unknown-name\n" for number in range(250))
    result = checker.check(Spell("a.lua", "lua", f"{off}nope()\n".encode()))
    assert found(result) == [("unknown-name", "251:1", "error")]


def test_notes_hide_neither_what_is_beside_a_script_nor_what_keeps_it_from_running(checker: Checker) -> None:
    notes = "".join(f"pcall(function() caught{number}() end)\n" for number in range(250))
    beside = Spell("a.lua", "lua", notes.encode(), expectation=b"nothing = 1", expectation_path="a.expect.toml")
    result = checker.check(beside)
    assert (result.status, [one.rule for one in result.findings if one.severity is Severity.ERROR]) == (
        Status.FAILED,
        ["bad-expectation"],
    )
    turned = checker.check(beside._replace(source=f"{notes}-- \u202e\n".encode(), expectation=b""))
    assert (turned.status, turned.outcome) == (Status.FAILED, None)
    assert "bidi-control" in [one.rule for one in turned.findings]


@pytest.mark.parametrize(
    ("source", "expectation", "rule"),
    [
        ('-- llmspell: off bad-expectation\nprint("x")', "nothing = 1", "bad-expectation"),
        ('error("boom") -- llmspell: off different-verdict', "", "different-verdict"),
    ],
    ids=["beside", "run"],
)
def test_a_comment_switches_off_nothing_of_the_run(source: str, expectation: str, rule: str, checker: Checker) -> None:
    spell = Spell("a.lua", "lua", source.encode(), expectation=expectation.encode(), expectation_path="a.expect.toml")
    result = checker.check(spell)
    assert (result.status, [one.rule for one in result.findings]) == (Status.FAILED, [rule])


def test_a_comment_is_about_no_other_file() -> None:
    beside = Finding("unknown-name", Severity.ERROR, "x", Position(1, 1, 1, 2), "other.lua")
    assert kept([beside, beside._replace(file=None)], Off(b"x() -- llmspell: off unknown-name"), ()) == [beside]
    assert kept([beside], Off(), ("unknown-name",)) == []


ZERO_WIDTH, LOOKS_LIKE_TOOL = "\u200b", "T\u043eol"
MANY = 25
"""More than a rule tells, and more uses of a name than a worker does."""


@pytest.mark.parametrize(
    ("engine", "bad", "rule"),
    [
        ("lua", "nobody()", "unknown-name"),
        ("lua", "string.nope()", "unknown-function"),
        ("lua", "Tool\n.exceute('x')", "unknown-function"),
        ("lua", f"print('{ZERO_WIDTH}')", "invisible-character"),
        ("lua", "print('sk-proj-Zk3v9QmT2xW8bN5cR7pL')", "secret"),
        ("lua", "print('\udcff')", "not-utf8"),
        ("javascript", "nobody();", "unknown-name"),
        ("javascript", f"var {LOOKS_LIKE_TOOL} = 1;", "confusable-name"),
        ("python", "nobody()", "unknown-name"),
        ("python", f"{LOOKS_LIKE_TOOL} = 1", "confusable-name"),
    ],
    ids=lambda part: ascii(part),
)
def test_a_comment_hides_nothing_that_stands_on_another_line(
    engine: str, bad: str, rule: str, checker: Checker
) -> None:
    begins = {"lua": "--", "javascript": "//", "python": "#"}[engine]
    off = "".join(f"{bad} {begins} llmspell: off {rule}\n" for _ in range(MANY))
    other = "".join(f"{bad} {begins} llmspell: off secret{rule}\n" for _ in range(MANY))
    for source in (off + bad, off + other):
        result = checker.check(Spell("a.x", engine, f"{source}\n".encode("utf-8", "surrogateescape")))
        assert {one.rule for one in result.findings} == {rule}
        lines = [one.position.line for one in result.findings if one.position]
        assert min(lines) > off.count("\n")
    silent = checker.check(Spell("a.x", engine, off.encode("utf-8", "surrogateescape")))
    assert silent.findings == ()


FORM_FEED = "\fdef one():\n    pass\n\f\n\f\f\ndef two():\n    pass\n"


def test_form_feeds_may_begin_a_line_and_stand_nowhere_else(checker: Checker) -> None:
    assert checker.check(Spell("a.py", "python", FORM_FEED.encode())).findings == ()
    for source in ("if 0:\n    pass\n    \fprint(1)\n", "x = \f1\n", "# a\fb\n"):
        (found,) = checker.check(Spell("a.py", "python", source.encode())).findings
        assert (found.rule, found.message[:6]) == ("control-character", "U+000C")


@pytest.mark.parametrize(
    ("engine", "source"),
    [
        ("lua", "Agent.create{model = 'echo/x', tools = {" + "'calculator', " * 200 + "'nothing'}}"),
        ("javascript", "Agent.create({" + "model: 'echo/x', " * 200 + "tools: ['nothing']});"),
        ("python", "Tool.execute('calculator', {" + "'input': '1', " * 200 + "'inptu': 1})"),
        ("lua", "pcall(function() " + "Tool.execute('calculator', {input = '1'})\n" * 5001 + " end)"),
        ("lua", ("Tool.execute('json-processor', {input = {" + "{1, 1}, " * 190 + "}})\n") * 100),
        ("python", "x" * 200 + "\u043e = 1"),
    ],
    ids=["list", "map", "parameters", "uses", "values", "long-name"],
)
def test_what_lies_behind_all_that_is_looked_at_fails_the_script(engine: str, source: str, checker: Checker) -> None:
    result = checker.check(Spell("a.x", engine, f"{source} ".encode()))
    assert result.status is Status.FAILED
    assert [one.rule for one in result.findings] == ["not-analysed"]


def test_comments_between_arguments_hide_none_of_them(checker: Checker) -> None:
    for engine, source in {
        "lua": "Tool.execute(--[[a]] 'nothing', {--[[b]]})",
        "javascript": "Tool.execute(/*a*/ 'nothing', {});",
    }.items():
        assert [one.rule for one in checker.check(Spell("a.x", engine, source.encode())).findings] == ["unknown-tool"]
    kept_in = "const one = await /*a*/ Agent.create({model: 'echo/x'});\none.exceute('x');"
    result = checker.check(Spell("a.js", "javascript", kept_in.encode()))
    assert [one.rule for one in result.findings] == ["unknown-function"]


SHAPED, NAMED = "sk-proj-Zk3v9QmT2xW8bN5cR7pL", "q9X2mVr7Kd4LzP1wBn8Y"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\nabcdEFGH==\n-----END RSA PRIVATE KEY-----"


def test_a_secret_is_neither_in_a_message_nor_in_the_source_that_is_shown(checker: Checker) -> None:
    named = f'local t = {{api_key = "{NAMED}"}} -- llmspell: off secret'
    source = f'local a = "{SHAPED}"\n{named}\nlocal k = [[{KEY}]]\nreturn a\n'
    result = checker.check(Spell("a.lua", "lua", source.encode() + b"-- \xffsk-proj-Zk3v9QmT2xW8bN5cR7pL\n"))
    assert result.source is not None
    assert result.source.splitlines() == [
        f'local a = "{"*" * len(SHAPED)}"',
        f'local t = {{api_key = "{"*" * len(NAMED)}"}} -- llmspell: off secret',
        f"local k = [[{'*' * 31}",
        "*" * 19,
        "*" * 10,
        "-----END RSA PRIVATE KEY-----]]",
        "return a",
        "-- \\xff" + "*" * len(SHAPED),
    ]
    assert SHAPED[:5] not in str(result)
    assert NAMED[:2] not in str(checker.check(Spell("a.lua", "lua", f'local api_key = "{NAMED}"'.encode())))


def test_every_secret_is_masked_and_nothing_else_is() -> None:
    many = "".join(f'local s{number} = "{SHAPED}"\n' for number in range(50))
    assert SHAPED[:5] not in masked(many)
    assert masked(many).count("*") == 50 * len(SHAPED)
    cut = KEY.partition("\n-----END")[0].replace("\n", '\\n"\n .. "')
    assert "abcdEFGH" not in masked(f'k = "{cut}"\n')
    plain = 'password = "a plain sentence here", api_key = "YOUR-API-KEY-EXAMPLE-1"'
    assert masked(plain) == plain
    assert len(masked("-----BEGIN PRIVATE KEY-----" * 9000)) == 27 * 9000
