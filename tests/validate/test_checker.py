"""A check says what is wrong, whatever the script is, and hostile ones end as findings of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from llmspell.engines.checking import checking
from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.errors import UsageError
from llmspell.limits import Limits
from llmspell.policy import ToolGrant
from llmspell.runtime import ScriptRuntime
from llmspell.validate.check import CHECK_LIMITS, Checker
from llmspell.validate.discovery import Discovery
from llmspell.validate.facts import Facts, MalformedError, read_facts
from llmspell.validate.finding import Severity
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

ROOT = Path(__file__).parents[2]
ENGINES = ("lua", "javascript", "python")


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker(Settings()) as made:
        yield made


def rules(result: Result) -> list[str]:
    return [one.rule for one in result.findings]


def check(source: str | bytes, engine: str = "lua", **settings: object) -> Result:
    data = source.encode() if isinstance(source, str) else source
    with Checker(Settings(**settings)) as checker:  # type: ignore[arg-type]
        return checker.check(Spell(f"spells/a.{engine}", engine, data))


def test_a_result_says_what_was_checked(checker: Checker) -> None:
    result = checker.check(Spell("in/a.lua", "lua", b"return 1\n"))
    assert (result.path, result.status, result.engine, result.source) == (
        "in/a.lua",
        Status.PASSED,
        "lua",
        "return 1\n",
    )
    assert result.findings == ()
    assert result.seconds > 0
    assert Result.from_dict(result.to_dict()) == result


def test_settings_travel() -> None:
    settings = Settings(
        limits=Limits(memory=1 << 25),
        strict=True,
        off=("secret",),
        tools={"calculator": ToolGrant(3, 0.5)},
        modules=False,
        engines=(EngineSpec("toy", (".toy",), ("/bin/toy",), settings={"a": 1}, needs=("/x",)),),
        config={"a": {"b": 1}},
    )
    assert Settings.from_dict(settings.to_dict()) == settings


def test_a_warning_fails_a_script_under_strict_only() -> None:
    assert check("print(nobody)").status is Status.PASSED
    assert check("print(nobody)", strict=True).status is Status.FAILED


def test_a_rule_that_is_off_says_nothing_and_one_that_is_not_there_is_an_error() -> None:
    assert rules(check("nobody()", off=("unknown-name",))) == []
    with pytest.raises(UsageError, match="no rule 'unknown-nam'; did you mean unknown-name"):
        Checker(Settings(off=("unknown-nam",)))


def test_a_memory_limit_in_which_nothing_runs_is_an_error_of_the_settings() -> None:
    with pytest.raises(UsageError, match="a memory limit of 1 MiB is too small for engine lua to start"):
        Checker(Settings(limits=Limits(memory=1 << 20)))
    assert check("return 1", limits=Limits(memory=1 << 20), runs=False).status is Status.PASSED


def test_a_worker_that_dies_at_its_start_is_told_in_one_line() -> None:
    dying = EngineSpec("dying", (".die",), (sys.executable, "-c", "import sys\n\nsys.nosuchname"))
    (found,) = check("x", "dying", engines=(dying,)).findings
    assert found.rule == "not-checked"
    assert "it said: AttributeError: module 'sys' has no attribute 'nosuchname'" in found.message
    assert "Traceback" not in found.message
    assert "\n" not in found.message


@pytest.mark.parametrize(
    ("source", "rule", "status"),
    [
        (b"", "empty", Status.PASSED),
        (b" \n\t\n", "empty", Status.PASSED),
        (b"\x1bLua\x54\x00", "binary", Status.FAILED),
        (b"\x7fELF\x02\x01\x00\x00", "binary", Status.FAILED),
        (b"return '\xff\xfe'", "not-utf8", Status.PASSED),
    ],
    ids=["empty", "blank", "compiled", "elf", "latin"],
)
def test_bytes_that_are_no_script_are_told_once(checker: Checker, source: bytes, rule: str, status: Status) -> None:
    result = checker.check(Spell("a.lua", "lua", source))
    assert (rules(result), result.status) == ([rule], status)


BOMBS = {
    "lua": {
        "parentheses": "return " + "(" * 30_000 + "1" + ")" * 30_000,
        "tables": "return " + "{" * 30_000 + "}" * 30_000,
        "sum": "return 1" + " + 1" * 30_000,
        "members": "return a" + ".a" * 30_000,
        "calls": "print" + "()" * 30_000,
        "blocks": "do " * 30_000 + "end " * 30_000,
        "names": " ".join(f"n{number}()" for number in range(20_000)),
        "assigned": " ".join(f"a{number} = b{number}()" for number in range(20_000)),
        "long-name": "n" * 500_000 + "()",
        "strings": "return " + "..".join(["'a'"] * 20_000),
    },
    "javascript": {
        "parentheses": "(" * 30_000 + "1" + ")" * 30_000,
        "arrays": "[" * 30_000 + "]" * 30_000,
        "sum": "1" + " + 1" * 30_000,
        "members": "a" + ".a" * 30_000,
        "templates": "`${" * 5_000 + "1" + "}`" * 5_000,
        "regex": "/" + "(" * 20_000 + "/",
    },
    "python": {
        "parentheses": "(" * 30_000 + "1" + ")" * 30_000,
        "sum": "1" + " + 1" * 30_000,
        "members": "a" + ".a" * 30_000,
        "indents": "\n".join(" " * depth + "if 1:" for depth in range(500)) + " pass",
        "calls": "print" + "()" * 30_000,
        "lambdas": "lambda: " * 20_000 + "1",
    },
}


@pytest.mark.parametrize(
    ("engine", "bomb"), [(engine, bomb) for engine in ENGINES for bomb in BOMBS[engine]], ids=lambda part: str(part)
)
def test_a_parser_bomb_is_a_result_and_no_crash_of_ours(checker: Checker, engine: str, bomb: str) -> None:
    result = checker.check(Spell(f"bomb.{engine}", engine, BOMBS[engine][bomb].encode()))
    assert result.status in (Status.PASSED, Status.FAILED)
    assert len(result.findings) <= 200
    assert all(len(one.message) < 1000 for one in result.findings)
    after = checker.check(Spell(f"after.{engine}", engine, b"print(1)"))
    assert after.status is Status.PASSED


def test_a_script_of_the_largest_size_is_checked(checker: Checker) -> None:
    source = b"local x = {a = 1, b = 'two'} print(x.a)\n" * (5 * 1024 * 1024 // 45)
    result = checker.check(Spell("large.lua", "lua", source))
    assert set(rules(result)) <= {"not-analysed", "syntax"}
    assert result.source is None


def test_a_script_of_more_names_than_are_told_says_so(checker: Checker) -> None:
    source = " ".join(f"Tool.execute('calculator', {{input = '{number}'}})" for number in range(5500))
    result = checker.check(Spell("many.lua", "lua", source.encode()))
    assert (rules(result), result.status) == (["not-analysed"], Status.FAILED)


def test_nothing_of_a_script_runs_in_a_check() -> None:
    for engine, source in {
        "lua": "while true do end",
        "javascript": "for (;;) {}",
        "python": "while True: pass",
    }.items():
        assert check(source, engine).findings == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_checking_worker_runs_nothing(engine: str) -> None:
    spec = checking(EngineFactory().get(engine))
    assert spec is not None
    outcome = ScriptRuntime(spec, limits=CHECK_LIMITS).execute("print(1)")
    assert (outcome.stdout, outcome.ok) == (b"", False)


def test_an_engine_that_cannot_be_had_is_unchecked_and_told() -> None:
    toy = EngineSpec("toy", (".toy",), ("/does/not/exist",), needs=())
    result = check("x", "toy", engines=(toy,))
    assert (result.status, rules(result)) == (Status.UNCHECKED, ["not-checked"])


@pytest.mark.parametrize(("claims", "wanted"), [("check", []), ("chess", ["not-analysed"])])
def test_a_worker_by_others_is_given_a_script_only_if_it_can_parse(
    claims: str, wanted: list[str], tmp_path: Path
) -> None:
    worker = tmp_path / "worker.py"
    source = (ROOT / "tests/engines/third_party.py").read_text()
    worker.write_text(source.replace('{"streaming": True', '{"' + claims + '": True'))
    toy = EngineSpec("toy", (".toy",), (sys.executable, str(worker)))
    result = check("anything", "toy", engines=(toy,), require=("memory",))
    assert rules(result) == wanted, result.findings


@pytest.mark.parametrize("dialect", ["5.1", "5.3", "5.5", "luajit"])
def test_a_dialect_is_parsed_by_its_own_parser(checker: Checker, dialect: str) -> None:
    result = checker.check(Spell("a.lua", f"lua@{dialect}", b"print(nobody_defines.this)"))
    assert rules(result) == ["unknown-name"]


@pytest.mark.parametrize("folder", ["examples", "tests/engines/api/cases"])
def test_scripts_that_are_right_have_no_findings(folder: str, checker: Checker) -> None:
    """Of those of the engines' suites, the ones that use what their tests give them, or do wrong, are left out."""
    made_up = ("Suite", "give-back", "bounded", "meet", "secret", "break-down", "lib")
    for spell in Discovery([str(ROOT / folder)], factory=EngineFactory(), allowed=1 << 20):
        assert isinstance(spell, Spell)
        if "syntax" in spell.path or (spell.engine == "python" and "import pytest" in spell.source.decode()):
            continue
        found = [
            one
            for one in checker.check(spell._replace(expectation=None)).findings
            if one.severity is not Severity.NOTE and not any(word in one.message for word in made_up)
        ]
        assert found == [], spell.path


def _use(
    name: str = "x", place: Sequence[int] = (0, 0, 0, 1), use: str = "call", arguments: object = None
) -> list[object]:
    return [name, list(place), use, [], True, arguments, False]


def _nested(depth: int) -> list[object]:
    made: list[object] = ["nil", None, [0, 0, 0, 1]]
    for _ in range(depth):
        made = ["list", [[made], 0], [0, 0, 0, 1]]
    return made


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"references": 1},
        {"assigned": [1]},
        {"defined": [1]},
        {"references": [["x"]]},
        {"references": [_use(place=[0, 0, 0, -1])]},
        {"references": [_use(use="fly")]},
        {"references": [_use(name="x" * 2000)]},
        {"references": [_use(arguments=[["map", [[["a"]], 0], [0, 0, 0, 1]]])]},
        {"references": [_use(arguments=[_nested(20)])]},
        {"assigned": ["x"] * 7000},
    ],
    ids=["list", "number", "assigned", "defined", "short", "place", "use", "long", "entry", "deep", "many"],
)
def test_facts_of_a_hostile_worker_are_refused(told: object) -> None:
    lists = ("references", "methods", "modules", "assigned", "defined", "strange")
    empty: dict[str, object] = {name: [] for name in lists}
    assert read_facts(empty) == Facts()
    with pytest.raises(MalformedError):
        read_facts({**empty, **told} if isinstance(told, dict) else told)
