"""What is expected of a run is held against it, strictly, and whatever stands beside a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmspell.config import load
from llmspell.engines.factory import EngineFactory
from llmspell.limits import Limits
from llmspell.outcome import Outcome, Usage, Verdict
from llmspell.policy import ToolGrant
from llmspell.runtime import ScriptRuntime
from llmspell.transcript import TranscriptInMemory
from llmspell.validate.check import Checker
from llmspell.validate.finding import Severity
from llmspell.validate.result import Result, Status
from llmspell.validate.runs.compare import MOST_LINES, diff, differences
from llmspell.validate.runs.expectation import BadExpectationError, Expectation, read_expectation
from llmspell.validate.settings import Settings, settings_of
from llmspell.validate.spell import Spell


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker(Settings()) as made:
        yield made


SOURCE = """
print("hello " .. (ARGS[1] or "nobody"), io.read() or "")
print(Tool.execute("calculator", {input = "6*7"}).text)
return {answer = 42, list = {1, 2}}
"""
ALL = """
arguments = ["Ada", "--flag"]
stdin = "in"
output = "hello Ada\\tin\\n42\\n"
output_contains = ["hello", "42"]
value = {answer = 42.0, list = [1, 2]}
verdict = "ok"
exit_status = 0
seed = 7
[usage]
memory = "50M"
cpu = 10
wall = "50"
calls = 10
tokens = 0
[calls]
calculator = 1
"tool.invoke" = 1
agent = 0
"""


def spell(source: str, expectation: str | None, **more: object) -> Spell:
    content = None if expectation is None else expectation.encode()
    return Spell("a.lua", "lua", source.encode(), expectation=content, expectation_path="a.expect.toml", **more)  # type: ignore[arg-type]


def told(result: Result) -> list[tuple[str, str]]:
    return [(one.rule, one.message) for one in result.findings]


def test_a_run_that_is_as_expected_passes_and_is_told(checker: Checker) -> None:
    result = checker.check(spell(SOURCE, ALL))
    assert (told(result), result.status) == ([], Status.PASSED)
    assert result.outcome is not None
    assert (result.outcome["verdict"], result.outcome["stdout"]) == ("ok", "hello Ada\tin\n42\n")
    counted = [one for one in result.calls if one.capability == "tool.invoke"]
    assert [(one.name, one.ok) for one in counted] == [("calculator", True)]
    assert 0 <= counted[0].begun_seconds < 60
    assert result.limits["memory"] == 50 << 20
    assert Result.from_dict(result.to_dict()) == result


def test_every_difference_is_a_finding(checker: Checker) -> None:
    expectation = """
output = "other\\n42\\n"
output_contains = "missing"
value = {answer = true}
exit_status = 3
[usage]
memory = 1
[calls]
calculator = 2
"""
    result = checker.check(spell(SOURCE, expectation))
    assert [rule for rule, _ in told(result)] == [
        "different-calls",
        "different-output",
        "different-output",
        "different-value",
        "different-verdict",
        "over-limit",
    ]
    assert "-other" in result.findings[1].message
    assert "+hello nobody" in result.findings[1].message
    assert result.status is Status.FAILED
    assert result.outcome is not None


def test_an_error_is_told_with_its_place_unless_it_was_expected(checker: Checker) -> None:
    source = 'print(1)\nerror("boom")\n'
    result = checker.check(spell(source, ""))
    assert [(one.rule, one.position and one.position.line) for one in result.findings] == [("different-verdict", 2)]
    assert checker.check(spell(source, 'verdict = "error"\nerror_kind = "runtime"')).status is Status.PASSED
    assert told(checker.check(spell(source, 'verdict = "error"\nerror_kind = "tool"')))[0][0] == "different-verdict"
    assert checker.check(spell(source, 'error_kind = "runtime"')).status is Status.PASSED
    assert checker.check(spell("os.exit(3)", "exit_status = 3")).status is Status.PASSED
    assert checker.check(spell("os.exit(0)", "exit_status = 0")).status is Status.PASSED


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ('Tool.execute("file-operations", {operation = "read", path = "/etc/passwd"})', "denied"),
        ('Agent.create{model = "openai/gpt-4o"}:execute("hi")', "error"),
        ("while true do end", "limit"),
        ("os.exit(3)", "error"),
    ],
    ids=["files", "network", "loop", "exit"],
)
def test_a_run_is_granted_nothing_that_reaches_out(source: str, verdict: str) -> None:

    with Checker(Settings(limits=Limits(cpu=1))) as checker:
        result = checker.check(spell(source, ""))
    assert result.outcome is not None
    assert result.outcome["verdict"] in (verdict, "denied")
    assert result.status is Status.FAILED


def test_a_run_is_granted_the_pure_tools_of_the_settings_and_no_others() -> None:
    asked = (
        'Tool.execute("calculator", {input = "1+1"})',
        'Tool.execute("uuid-generator")',
        'Tool.execute("file-operations", {operation = "read", path = "/etc/passwd"})',
    )
    with Checker(Settings(tools={"calculator": ToolGrant(), "file-operations": ToolGrant()})) as checker:
        verdicts = [(checker.check(spell(source, "")).outcome or {})["verdict"] for source in asked]
    assert verdicts == ["ok", "denied", "denied"]


TWICE = 'Tool.execute("calculator", {input = "1"}) Tool.execute("calculator", {input = "2"})'


@pytest.mark.parametrize(
    ("says", "source", "verdict", "kind"),
    [
        ("", f"{TWICE} return require('lib.a')", "ok", None),
        ("[tools.calculator]\nmax_calls = 1\n", TWICE, "error", "budget"),
        ("[tools]\ngrant = ['calculator']\n[tools.calculator]\nmax_calls = 1\n", TWICE, "error", "budget"),
        ("[grants]\nmodules = false\n", "return require('lib.a')", "denied", "denied"),
    ],
    ids=["silent", "bound", "granted-bound", "modules"],
)
def test_a_run_has_the_bounds_and_the_grants_of_the_configuration(
    tmp_path: Path, says: str, source: str, verdict: str, kind: str | None
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(says)
    configuration = load(cwd=str(tmp_path), environ={}, config_file=str(file), sandboxed=True)
    with Checker(settings_of(configuration, EngineFactory())) as checker:
        outcome = checker.check(spell(source, "", modules={"lib/a.lua": b"return 5"})).outcome or {}
    assert (outcome["verdict"], (outcome["error"] or {}).get("kind")) == (verdict, kind)


def test_settings_that_an_engine_cannot_take_are_no_fault_of_what_is_beside_a_script() -> None:
    with Checker(Settings(limits=Limits(memory=EngineFactory().get("python").least_memory - 1))) as checker:
        result = checker.check(spell("x = 1", "")._replace(engine="python"))
    assert [rule for rule, _ in told(result)] == ["not-checked"]
    assert (result.status, "is too small for engine python" in result.findings[0].message) == (Status.UNCHECKED, True)


def test_packages_of_the_settings_keep_no_other_engine_from_running() -> None:
    with Checker(Settings(packages=("pyyaml",))) as checker:
        assert told(checker.check(spell("return 1", "value = 1"))) == []


def test_agents_answer_by_echo_and_runs_are_the_same_each_time(checker: Checker) -> None:
    source = (
        'print(Agent.create{}:execute("hi").text, math.random(1e9), os.time()) return Tool.execute("uuid-generator")'
    )
    first, second = (checker.check(spell(source, "")) for _ in range(2))
    assert first.outcome is not None
    assert second.outcome is not None
    assert first.outcome["stdout"].startswith("hi")
    assert (first.outcome["stdout"], first.outcome["value"]) == (second.outcome["stdout"], second.outcome["value"])


def test_modules_come_from_what_travelled(checker: Checker) -> None:
    source = 'return require("lib.a")'
    result = checker.check(spell(source, "value = 5", modules={"lib/a.lua": b"return 5"}))
    assert told(result) == []


def test_a_script_without_anything_beside_it_is_not_run(checker: Checker) -> None:
    assert checker.check(spell("error('x')", None)).outcome is None
    with Checker(Settings(runs=False)) as still:
        assert still.check(spell("error('x')", "")).outcome is None


def test_a_script_that_does_not_parse_is_not_run(checker: Checker) -> None:
    result = checker.check(spell("local = 5", ""))
    assert (result.outcome, [rule for rule, _ in told(result)]) == (None, ["syntax"])


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('output_contain = "x"', "there is no 'output_contain'; did you mean output_contains?", 1),
        ('output = "x"\nverdict = "okay"', "it has to be one of ok, error, limit, denied, crash, not 'okay'", 2),
        ("output = 5", "it has to be text, not 5", 1),
        ("exit_status = 256", "it has to be a whole number from 0 to 255, not 256", 1),
        ("[usage]\nmemory = '5X'", "'5X' is no size", 2),
        ("[usage]\n\nmemry = 5", "there is no limit 'memry'; did you mean memory?", 3),
        ("[calls]\ncalculator = -1", "it has to be a whole number from 0", 2),
        ("calls = 5", "it has to be a table of counts, not 5", 1),
        ("arguments = [1]", "it has to be a list of at most 100 texts", 1),
        ("seed = true", "it has to be a whole number", 1),
        ("output = ", "is not TOML", None),
        ("value = " + "[" * 5000 + "]" * 5000, "nested too deeply", None),
        (".".join(["a"] * 500) + " = 1", "more than 32 names", None),
    ],
    ids=[
        "key", "verdict", "type", "bounds", "size", "limit", "count", "table", "arguments", "seed", "toml", "deep",
        "dotted",
    ],
)  # fmt: skip
def test_an_expectation_that_cannot_be_meant_is_an_error_with_its_line(text: str, says: str, line: int | None) -> None:
    with pytest.raises(BadExpectationError) as caught:
        read_expectation(text.encode(), "a.expect.toml")
    assert says in str(caught.value)
    assert caught.value.line == line


def test_a_bad_expectation_is_a_finding_in_its_own_file(checker: Checker) -> None:
    (found,) = checker.check(spell("return 1", "\nverdct = 1")).findings
    assert (found.rule, found.file, found.severity) == ("bad-expectation", "a.expect.toml", Severity.ERROR)
    assert found.position is not None
    assert found.position.line == 2
    assert checker.check(spell("return 1", None)._replace(expectation=b"\xff")).findings[0].rule == "bad-expectation"


def test_an_expected_value_of_nothing_is_no_value() -> None:
    outcome = Outcome(Verdict.OK, "a", None, "lua", None, started=True, value={"a": 1.5}, usage=Usage(calls=1))
    assert list(differences(Expectation(), outcome)) == []
    assert [one.rule for one in differences(Expectation(has_value=True, value=1), outcome)] == ["different-value"]


def test_a_diff_is_short_whatever_differs() -> None:
    shown = diff("\n".join(map(str, range(100_000))), "\n".join("x" * 10_000 for _ in range(50)))
    assert len(shown.splitlines()) <= MOST_LINES + 1
    assert max(map(len, shown.splitlines())) <= 200
    assert "letters" in diff("a\n", "a")


def recorded(source: str, **options: object) -> bytes:
    sink = TranscriptInMemory()
    outcome = ScriptRuntime.with_lua().execute(source, name="a.lua", record=sink, **options)  # type: ignore[arg-type]
    assert outcome.verdict in (Verdict.OK, Verdict.ERROR)
    return bytes(sink.data)


def test_a_cassette_answers_what_the_run_asks(checker: Checker) -> None:
    source = (
        'print(Tool.execute("uuid-generator").text, os.time(), math.random(1e9), Agent.create{}:execute("hi").text)'
    )
    cassette = recorded(source)
    result = checker.check(spell(source, None, cassette=cassette, cassette_path="a.cassette.jsonl"))
    assert told(result) == []
    assert result.outcome is not None
    assert [one.name for one in result.calls if one.capability == "tool.invoke"] == ["uuid-generator"]


def test_a_script_that_has_changed_is_answered_by_what_it_asks(checker: Checker) -> None:
    one, two = ('Tool.execute("calculator", {input = "' + each + '"})' for each in ("1+1", "2+2"))
    cassette = recorded(f"{one} {two}")
    changed = checker.check(spell(f"{two} {one} -- turned", None, cassette=cassette))
    assert [(rule, changed.status) for rule, _ in told(changed)] == [("changed-since", Status.PASSED)]
    other = one.replace("1+1", "3+3")
    asked = checker.check(spell(f"{two} {other}", None, cassette=cassette, cassette_path="a.cassette.jsonl"))
    assert [rule for rule, _ in told(asked)] == ["changed-since", "different-verdict"]


def test_an_answer_that_was_tampered_with_gives_another_run(checker: Checker) -> None:
    source = 'print(Tool.execute("calculator", {input = "6*7"}).text)'
    cassette = recorded(source)
    assert told(checker.check(spell(source, None, cassette=cassette))) == []
    result = checker.check(spell(source, None, cassette=cassette.replace(b'"text":"42"', b'"text":"43"')))
    assert [rule for rule, _ in told(result)] == ["different-verdict"]


def test_a_cassette_of_a_run_that_failed_is_as_it_was_recorded(checker: Checker) -> None:
    source = 'error("on purpose")'
    cassette = recorded(source)
    assert told(checker.check(spell(source, None, cassette=cassette))) == []
    assert told(checker.check(spell(source, 'verdict = "ok"', cassette=cassette)))[0][0] == "different-verdict"


def test_a_module_that_is_not_as_it_was_recorded_is_told(checker: Checker) -> None:
    source = 'return require("lib.a")'
    cassette = recorded(source, folder={"lib/a.lua": b"return 5"})
    same = spell(source, "value = 5", cassette=cassette, modules={"lib/a.lua": b"return 5"})
    assert told(checker.check(same)) == []
    (found,) = checker.check(same._replace(modules={"lib/a.lua": b"return 6"})).findings
    assert (found.rule, "lib/a.lua" in found.message) == ("bad-cassette", True)


@pytest.mark.parametrize(
    "cassette",
    [b"", b"\n", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"event": "transcript"}\n', b"x" * 1_000_000],
    ids=["empty", "blank", "map", "deep", "bytes", "header", "long"],
)
def test_a_broken_cassette_is_a_finding(checker: Checker, cassette: bytes) -> None:
    result = checker.check(spell("return 1", None, cassette=cassette))
    assert [one.rule for one in result.findings] == ["bad-cassette"]


def test_a_cassette_that_was_cut_is_a_finding(checker: Checker) -> None:
    cassette = recorded("print(1) return 1")
    for size in range(10, len(cassette) - 1, max(1, len(cassette) // 8)):
        result = checker.check(spell("print(1) return 1", None, cassette=cassette[:size]))
        assert [one.rule for one in result.findings] == ["bad-cassette"], size
