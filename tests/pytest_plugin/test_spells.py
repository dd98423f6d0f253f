"""`pytest --llmspell`: spells are tests, and what is shown of one that fails are lines of the spell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

# loaded here, because pytester forgets what its inner runs import, and each of them would load it all again
import llmspell.providers.manager
import llmspell.pytest_plugin.collecting
import llmspell.pytest_plugin.recording
import llmspell.transcript.tape
from llmspell.pytest_plugin.cassettes import new_cassette
from llmspell.pytest_plugin.recording import UnnamedCassette
from llmspell.transcript.form import TranscriptError

pytest_plugins = ["pytester"]

FINE = 'print("fine")\n'
WRONG = "local spare = 1\nprint(Agnet.list())\n"


def write(pytester: pytest.Pytester, **files: str) -> None:
    """Files by their names, in which two underscores stand for a dot and three for a slash."""
    for name, content in files.items():
        place = pytester.path / name.replace("___", "/").replace("__", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """pytest in this process, with spells."""
    return pytester.runpytest_inprocess("--llmspell", "-p", "no:cacheprovider", *options)


def collected(pytester: pytest.Pytester, *options: str) -> list[str]:
    result = run(pytester, "--collect-only", "-q", *options)
    return [line for line in result.outlines if "::" in line]


def test_spells_pass_and_fail_beside_other_tests_and_no_python_is_shown(pytester: pytest.Pytester) -> None:
    write(pytester, good__lua=FINE, wrong__lua=WRONG, test_user__py="def test_it(): pass")
    write(pytester, broken__js="let fine = 1;\nlet a = ;\n")
    result = run(pytester, "-v")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "broken.js::spell FAILED*",
            "good.lua::spell PASSED*",
            "test_user.py::test_it PASSED*",
            "wrong.lua::spell FAILED*",
            "*__ broken.js __*",
            "broken.js:2:9: error syntax: *",
            "  2 | let a = ;",
            "    |         ^",
            "*__ wrong.lua __*",
            "wrong.lua:2:7: error unknown-name: Agnet *did you mean Agent?",
            "  2 | print(Agnet.list())",
            "    |       ^*",
            "FAILED broken.js::spell - *",
            "FAILED wrong.lua::spell - Agnet *",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert str(Path(llmspell.pytest_plugin.collecting.__file__).parent) not in result.stdout.str()


def test_without_the_option_no_spell_is_collected(pytester: pytest.Pytester) -> None:
    write(pytester, wrong__lua=WRONG, test_user__py="def test_it(): pass")
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_spell_is_a_file_by_its_suffix_and_in_python_by_its_name(pytester: pytest.Pytester) -> None:
    write(pytester, a__lua="", b__js="", c__mjs="", d__spell__py="", e__py="", f__txt="", sub___g__lua="")
    assert collected(pytester) == [f"{name}::spell" for name in ("a.lua", "b.js", "c.mjs", "d.spell.py", "sub/g.lua")]


def test_globs_of_the_ini_file_say_otherwise_and_what_is_named_is_collected(pytester: pytest.Pytester) -> None:
    write(pytester, web___app__js="", spells___a__lua="", spells___deep___b__py="", other__lua="")
    pytester.makeini("[pytest]\nllmspell_files = spells/**/*.lua spells/**/*.py")
    assert collected(pytester) == ["spells/a.lua::spell", "spells/deep/b.py::spell"]
    assert collected(pytester, "other.lua") == ["other.lua::spell"]
    assert collected(pytester, "spells/a.lua::spell") == ["spells/a.lua::spell"]


def test_the_named_configuration_chooses_among_what_has_the_suffix_of_an_engine(pytester: pytest.Pytester) -> None:
    write(pytester, spells___a__lua="", spells___b__py="", spells___c__txt="", spells___old___d__lua="", other__lua="")
    write(pytester, ci__toml='[validate]\ninclude = ["spells/**"]\nexclude = ["spells/old/**"]\n')
    pytester.makeini("[pytest]\nllmspell_config = ci.toml")
    assert collected(pytester) == ["spells/a.lua::spell", "spells/b.py::spell"]


def test_spells_are_chosen_by_their_marker(pytester: pytest.Pytester) -> None:
    write(pytester, good__lua=FINE, test_user__py="def test_it(): pass")
    run(pytester, "--strict-markers", "-m", "llmspell").assert_outcomes(passed=1, deselected=1)


def test_an_expectation_beside_a_spell_is_held_against_its_run_with_a_diff(pytester: pytest.Pytester) -> None:
    write(pytester, same__lua=FINE, same__expect__toml='output = "fine\\n"')
    write(pytester, other__lua='print("one")\nprint("two")\n', other__expect__toml='output = "one\\nthree\\n"')
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "other.lua: error different-output: it printed something else *",
            "*-three",
            "*+two",
            "*stdout of the spell*",
            "one",
        ]
    )


def test_a_warning_is_a_section_of_the_report_and_fails_under_strict(pytester: pytest.Pytester) -> None:
    write(pytester, hides__lua='print("a\u200bb")\n')
    lenient = run(pytester, "-rA")
    lenient.assert_outcomes(passed=1)
    lenient.stdout.fnmatch_lines(["*Captured llmspell call*", "hides.lua:1:9: warning invisible-character: *"])
    run(pytester, "--llmspell-strict").assert_outcomes(failed=1)


def test_the_report_of_a_failure_is_well_formed_xml_and_one_line_where_that_is_asked_for(
    pytester: pytest.Pytester,
) -> None:
    write(pytester, bad__lua="local x = '\x01]]>&<b>'\nlocal y = = 1\n")
    result = run(pytester, "--junitxml=report.xml", "--tb=line")
    result.stdout.fnmatch_lines(["bad.lua:1: *"])
    from junitparser import JUnitXml

    (suite,) = JUnitXml.fromfile(str(pytester.path / "report.xml"))
    (case,) = suite
    assert (case.classname, case.name) == ("bad.lua", "spell")
    assert "bad.lua:2:" in case.result[0].text


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("missing.toml", "*missing.toml*"),
        ("bad.toml", "*bad.toml*memry*"),
    ],
    ids=["missing", "unknown key"],
)
def test_a_configuration_that_cannot_be_read_is_a_usage_error_in_one_line(
    pytester: pytest.Pytester, config: str, says: str
) -> None:
    write(pytester, good__lua=FINE, bad__toml="[limits]\nmemry = 1\n")
    pytester.makeini(f"[pytest]\nllmspell_config = {config}")
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --llmspell: {says}"])
    assert "Traceback" not in result.stderr.str()


def test_limits_of_the_named_configuration_bound_the_runs(pytester: pytest.Pytester) -> None:
    write(pytester, talks__lua='print(("x"):rep(5000))', talks__expect__toml="", ci__toml='[limits]\noutput = "1K"\n')
    pytester.makeini("[pytest]\nllmspell_config = ci.toml")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["talks.lua*expected to end as ok*output*"])


def test_rules_and_strictness_are_those_of_the_named_configuration(pytester: pytest.Pytester) -> None:
    write(pytester, hides__lua='print("a\u200bb")\n', wrong__lua=WRONG)
    write(pytester, ci__toml='[validate]\nstrict = true\noff = ["unknown-name"]\n')
    pytester.makeini("[pytest]\nllmspell_config = ci.toml")
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED hides.lua::spell - *"])


def test_a_file_that_is_gone_or_unreadable_fails_alone(pytester: pytest.Pytester) -> None:
    write(pytester, good__lua=FINE)
    (pytester.path / "dangling.lua").symlink_to("nowhere")
    (pytester.path / "binary.lua").write_bytes(b"\x00\xff\xfe" * 100)
    (pytester.path / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n"
        "    [item.path.unlink() for item in items if item.path.name == 'gone.lua']\n"
    )
    write(pytester, gone__lua=FINE)
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["gone.lua: error not-checked: *not there*"])


HOSTILE = {
    "steers\x1b[31m\nFAILED a.lua": "print(1",
    "no text \udcff.lua": "print(1",
    "brackets[1]::x.lua": "print(1",
    "::error file=x::.lua": "error('\x1b]0;title\x07\u202e')\nprint(1",
}
USER = """
import warnings
import pytest

def test_warnings_of_llmspell_would_be_errors(llmspell_runtime, fake_provider):
    fake_provider.answer("fine")
    spell = 'print(Agent.create{name = "x"}:execute("hi").text)'
    assert llmspell_runtime(provider=fake_provider).execute(spell).stdout == b"fine\\n"
"""


def check_hostile(result: pytest.RunResult) -> None:
    result.assert_outcomes(passed=2, failed=len(HOSTILE))
    shown = result.stdout.str()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", shown)
    assert not [line for line in shown.splitlines() if line.startswith(("::", "FAILED a.lua"))]
    assert "INTERNALERROR" not in shown


def write_hostile(pytester: pytest.Pytester) -> None:
    write(pytester, good__lua=FINE, test_user__py=USER)
    for name, content in HOSTILE.items():
        (pytester.path / name).write_text(content)


def test_names_and_contents_of_hostile_spells_are_shown_as_text(pytester: pytest.Pytester) -> None:
    write_hostile(pytester)
    check_hostile(run(pytester, "-v", "-rA"))


def test_hostile_spells_do_no_harm_in_a_suite_under_xdist_whose_warnings_are_errors(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_hostile(pytester)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the plugins of others take most of the time
    plugins = ["-p", "llmspell", "-p", "xdist", "-p", "no:cacheprovider"]
    options = ["--llmspell", "-W", "error", "-n", "1", "-v", "-rA"]
    check_hostile(pytester.runpytest_subprocess(*plugins, *options, timeout=250))


def test_recording_once_makes_a_missing_cassette_and_all_makes_it_afresh(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua='print(Agent.create{name = "x"}:execute("the sea").text)\n')
    cassette = pytester.path / "asks.cassette.jsonl"
    run(pytester, "--llmspell-record=once").assert_outcomes(passed=1)
    first = cassette.read_bytes()
    run(pytester, "--llmspell-record=once").assert_outcomes(passed=1)
    assert cassette.read_bytes() == first
    run(pytester, "--llmspell-record=all").assert_outcomes(passed=1)
    assert cassette.read_bytes() != first


FAILING = 'print(("x"):rep(200000))\nprint(Agent.create{name = "x"}:execute("the sea").text)\nerror("too wet")\n'


def test_a_run_that_failed_fails_the_spell_and_leaves_no_cassette(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua=FAILING)
    for _ in range(2):
        result = run(pytester, "--llmspell-record=once")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["asks.lua:3:1: error different-verdict: it ended as error, *too wet*"])
        assert not list(pytester.path.glob("asks.cassette*"))
    write(pytester, asks__expect__toml='verdict = "error"\nerror_kind = "provider"\n')
    run(pytester, "--llmspell-record=once").assert_outcomes(failed=1)
    assert not list(pytester.path.glob("asks.cassette*"))


def test_a_run_that_failed_as_expected_is_kept(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua=FAILING, asks__expect__toml='verdict = "error"\n')
    run(pytester, "--llmspell-record=once").assert_outcomes(passed=1)
    assert (pytester.path / "asks.cassette.jsonl").exists()
    run(pytester).assert_outcomes(passed=1)


def test_a_cassette_is_not_replaced_by_a_run_that_failed(pytester: pytest.Pytester) -> None:
    large = 'print(#Agent.create{name = "x"}:execute(("sea "):rep(50000)).text)\n'
    write(pytester, asks__lua=large)
    run(pytester, "--llmspell-record=once").assert_outcomes(passed=1)
    kept = {file: file.read_bytes() for file in pytester.path.rglob("asks.cassette*/*")}
    assert kept  # a value that lies beside
    kept[pytester.path / "asks.cassette.jsonl"] = (pytester.path / "asks.cassette.jsonl").read_bytes()
    write(pytester, asks__lua=large.replace("sea", "sky") + 'error("too wet")')
    run(pytester, "--llmspell-record=all").assert_outcomes(failed=1)
    found = [*pytester.path.glob("asks.cassette*"), *pytester.path.glob("asks.cassette*/*")]
    assert {file: file.read_bytes() for file in found if file.is_file()} == kept


def test_a_cassette_that_was_not_written_to_its_end_is_not_kept(tmp_path: Path) -> None:
    cassette = UnnamedCassette(tmp_path / "a.cassette.jsonl")
    cassette.line("{}")
    cassette.line("{}")
    with pytest.raises(TranscriptError, match="could not be written to its end"):
        cassette.keep()
    cassette.forget()
    assert not list(tmp_path.iterdir())


def test_a_spell_is_recorded_with_what_its_expectation_gives_it(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua="print(ARGS[1], io.read(), math.random(1000000))\n")
    given = 'arguments = ["bees"]\nstdin = "honey"\nseed = 7\n'
    write(pytester, asks__expect__toml=given + 'output_contains = "bees\\thoney\\t"\n')
    run(pytester, "--llmspell-record=once").assert_outcomes(passed=1)
    header = json.loads((pytester.path / "asks.cassette.jsonl").read_text().split("\n")[0])
    assert (header["arguments"], header["seed"]) == (["bees"], 7)
    run(pytester).assert_outcomes(passed=1)


def test_nothing_is_recorded_by_an_expectation_that_cannot_be_meant(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua=FINE, asks__expect__toml="verdit = 'ok'\n")
    result = run(pytester, "--llmspell-record=once")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["asks.expect.toml:1:1: error bad-expectation: *"])
    assert not list(pytester.path.glob("asks.cassette*"))


def test_tools_are_granted_by_the_named_configuration(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua='Tool.execute("uuid-generator")', asks__expect__toml="")
    write(pytester, ci__toml='[tools]\ngrant = ["calculator"]\n')
    run(pytester).assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nllmspell_config = ci.toml")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["asks.lua:*it ended as denied, *"])


def test_a_cassette_that_says_otherwise_than_the_spell_fails_it(pytester: pytest.Pytester) -> None:
    spell = 'print(Agent.create{name = "x"}:execute("the %s").text)\n'
    write(pytester, asks__lua=spell % "sea")
    run(pytester, "--llmspell-record=once").assert_outcomes(passed=1)
    write(pytester, asks__lua=spell % "sky")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["asks.*error *", "FAILED asks.lua::spell - *"])
    assert "Traceback" not in result.stdout.str()


def test_spells_that_differ_by_their_suffix_alone_do_not_share_a_cassette(tmp_path: Path) -> None:
    suffixes = {".lua", ".js"}
    (tmp_path / "asks.lua").touch()
    assert new_cassette(tmp_path / "asks.lua", suffixes).name == "asks.cassette.jsonl"
    (tmp_path / "asks.js").touch()
    assert new_cassette(tmp_path / "asks.lua", suffixes).name == "asks.lua.cassette.jsonl"


def test_a_spell_that_cannot_be_recorded_says_so(pytester: pytest.Pytester) -> None:
    write(pytester, asks__lua=FINE)
    (pytester.path / "asks.cassette.jsonl").mkdir()
    result = run(pytester, "--llmspell-record=all")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["asks.lua: error not-checked: *"])
