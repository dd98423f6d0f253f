"""`validate` at the command line: codes, reports, what is believed of its surroundings, and how it is ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import click
import pytest

from llmspell.cli.app import COMMANDS, app
from llmspell.cli.faults import WITH_VERBOSE, explain
from tests.cli.programs import SIGNALS, Place, left_over

GOOD = "return 1\n"
BAD = "nobody_defines_this()\n"


def document(path: Path) -> dict[str, object]:
    loaded = json.loads(path.read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_the_code_says_whether_all_passed(place: Place) -> None:
    place.write("good.lua", GOOD)
    place.write("bad.lua", BAD)
    os.mkfifo(place.folder / "pipe.lua")
    assert place.run("validate", "good.lua")[:2] == (0, b"1 passed\n")
    ran = place.run("validate", "good.lua", "bad.lua")
    assert ran.code == 1
    assert ran.stdout.splitlines()[0].startswith(b"bad.lua:1:1: error unknown-name: nobody_defines_this is defined")
    assert place.run("validate", "pipe.lua").code == 2
    assert place.run("validate", ".").code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gone",), "'gone' is not there"),
        (("--off", "nothing-like-it", "a.lua"), "there is no rule 'nothing-like-it'"),
        (("--jobs", "0", "a.lua"), "1 to 512 jobs"),
        (("--mem", "1M", "a.lua"), "a memory limit of 1 MiB is too small for engine lua to start"),
        (("empty",), "no scripts were found in empty"),
        (("--json", "r", "--junit", "r", "a.lua"), "name the same place"),
        (("--changed-since", "main", "a.lua"), "not a git repository"),
        (("--dask", "nowhere", "a.lua"), "no address of a Dask scheduler"),
        (
            ("--dask", "tcp://127.0.0.1:1", "--mem", "1M", "a.lua"),
            "a memory limit of 1 MiB is too small for engine lua to start",
        ),
        (("--dask", "tcp://127.0.0.1:1", "--jobs", "2", "a.lua"), "with --dask a cluster does it"),
        (("--json", "/dev/null/r", "a.lua"), "/dev/null/r"),
    ],
    ids=["path", "rule", "jobs", "memory", "empty", "places", "git", "dask", "dask-memory", "dask-jobs", "report"],
)
def test_what_cannot_be_meant_is_code_2(place: Place, arguments: tuple[str, ...], says: str) -> None:
    place.write("a.lua", GOOD)
    (place.folder / "empty").mkdir()
    ran = place.run("validate", *arguments)
    assert (ran.code, ran.stdout.count(b"passed")) == (2, 0), ran
    assert says in ran.stderr


def test_reports_are_written_as_documents_and_stdout_holds_the_one_that_is_asked_for(place: Place) -> None:
    place.write("bad.lua", BAD)
    ran = place.run("validate", ".", "--json", "-", "--junit", "j.xml", "--sarif", "s.sarif", "--exclude", "home/**")
    told = json.loads(ran.stdout)
    assert [one["path"] for one in told["results"]] == ["bad.lua"]
    assert "1 failed" in ran.stderr
    assert ET.parse(place.folder / "j.xml").getroot().get("tests") == "1"
    assert document(place.folder / "s.sarif")["version"] == "2.1.0"


def test_quiet_shows_errors_only_and_notes_are_shown_where_they_are_wanted(place: Place) -> None:
    place.write("a.lua", "print(nobody) Tool.execute(ARGS[1])")
    assert place.run("validate", "-q", "a.lua").stdout == b""
    assert place.run("validate", "a.lua").stdout.count(b"a.lua:1:") == 1
    assert place.run("validate", "--notes", "a.lua").stdout.count(b"a.lua:1:") == 2
    assert place.run("validate", "--strict", "a.lua").code == 1


def test_tools_that_the_named_configuration_does_not_grant_are_denied(place: Place) -> None:
    place.write("a.lua", 'Tool.execute("uuid-generator")')
    place.write("a.expect.toml", "")
    place.write("c.toml", '[tools]\ngrant = ["calculator"]\n')
    assert place.run("validate", "a.lua").code == 0
    ran = place.run("validate", "--config", "c.toml", "a.lua")
    assert (ran.code, b"it ended as denied" in ran.stdout) == (1, True)


def test_a_configuration_that_came_with_the_scripts_is_not_read_unless_it_is_named(place: Place) -> None:
    place.write("bad.lua", BAD)
    place.write("llmspell.toml", '[validate]\noff = ["unknown-name"]\n')
    assert place.run("validate", "bad.lua").code == 1
    assert place.where(LLMSPELL_CONFIG="llmspell.toml").run("validate", "bad.lua").code == 1
    assert place.run("validate", "--config", "llmspell.toml", "bad.lua").code == 0


def test_the_environment_widens_nothing(place: Place) -> None:
    place.write("a.lua", GOOD)
    ran = place.where(LLMSPELL_VALIDATE__OFF="syntax", LLMSPELL_LIMITS__MEMORY="9G").run("validate", "a.lua")
    assert ran.code == 0
    assert "LLMSPELL_VALIDATE__OFF is ignored here" in ran.stderr
    assert "LLMSPELL_LIMITS__MEMORY is ignored here" in ran.stderr


def test_a_named_configuration_chooses_scripts(place: Place) -> None:
    place.write("spells/a.lua", GOOD)
    place.write("spells/old/b.lua", BAD)
    place.write("c.toml", '[validate]\ninclude = ["spells/**"]\nexclude = ["spells/old/**"]\nstrict = true\n')
    assert place.run("validate", "--config", "c.toml", ".")[:2] == (0, b"1 passed\n")


def test_what_has_passed_is_not_checked_again_until_it_changes(place: Place) -> None:
    place.write("a.lua", GOOD)
    assert place.run("validate", "a.lua", "--json", "r.json").code == 0
    totals = [document(place.folder / "r.json")["totals"]]
    for content in (GOOD, GOOD + " "):
        place.write("a.lua", content)
        place.run("validate", "a.lua", "--json", "r.json")
        totals.append(document(place.folder / "r.json")["totals"])
    assert [one["cached"] for one in totals] == [0, 1, 0]  # type: ignore[index]


def test_only_what_has_changed_is_checked_where_that_is_asked(place: Place) -> None:
    place.write("in/same.lua", BAD)
    place.write("in/other.lua", GOOD)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    for command in (("init", "-q"), ("add", "in"), ("commit", "-qm", "x")):
        subprocess.run(["git", *identity, *command], cwd=place.folder, env=place.environment, check=True)
    place.write("in/other.lua", GOOD + " ")
    assert place.run("validate", "--changed-since", "HEAD", "in")[:2] == (0, b"1 passed\n")
    place.write("in/other.lua", GOOD)
    assert place.run("validate", "--changed-since", "HEAD", "in").code == 0


def test_fail_fast_ends_at_the_first_that_fails(place: Place) -> None:
    for number in range(20):
        place.write(f"s/{number:02}.lua", BAD)
    ran = place.run("validate", "--fail-fast", "--jobs", "1", "s", "--json", "r.json")
    told = document(place.folder / "r.json")
    assert ran.code == 1
    assert told["complete"] is False
    assert len(told["results"]) < 20  # type: ignore[arg-type]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_with_valid_reports_of_what_was_done(place: Place, number: signal.Signals) -> None:
    place.write("s/a.lua", BAD)
    place.write("s/b.lua", "while true do end")
    place.write("s/b.expect.toml", "")
    options = ("--jobs", "1", "--json", "r.json", "--junit", "j.xml")
    with place.start("validate", *options, "s") as started:
        started.until(b"a.lua")
        started.process.send_signal(number)
        ran = started.end()
    assert ran.code == SIGNALS[number]
    told = document(place.folder / "r.json")
    assert (told["complete"], told["interrupted"]) == (False, number.name)
    assert [one["path"] for one in told["results"]] == ["s/a.lua"]  # type: ignore[attr-defined]
    ET.parse(place.folder / "j.xml")
    assert left_over() == []


def test_a_signal_to_a_stopped_check_ends_it_when_it_goes_on(place: Place) -> None:
    place.write("s/a.lua", BAD)
    place.write("s/b.lua", "while true do end")
    place.write("s/b.expect.toml", "")
    for _ in range(3):  # any thread may be the first to go on, and it is the main one that must hear of it
        with place.start("validate", "--no-cache", "--jobs", "1", "s") as started:
            started.until(b"a.lua")
            started.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, started.process.pid, os.WSTOPPED)
            started.process.send_signal(signal.SIGTERM)
            started.process.send_signal(signal.SIGCONT)
            assert started.end().code == 143


def test_a_rule_that_there_is_not_leaves_the_report_of_the_last_time(place: Place) -> None:
    place.write("a.lua", GOOD)
    old = place.write("j.xml", "old")
    ran = place.run("validate", "--off", "unknown-nam", "--junit", "j.xml", "a.lua")
    assert ran == (2, b"", "llmspell: there is no rule 'unknown-nam'; did you mean unknown-name?\n")
    assert old.read_text() == "old"


FULL = "llmspell: the output cannot be written: no space left on device\n"


@pytest.mark.parametrize("script", [GOOD, BAD], ids=["good", "bad"])
@pytest.mark.parametrize("option", ["", "--json -"], ids=["lines", "document"])
@pytest.mark.parametrize(("stdout", "code", "said"), [("&-", 141, ""), (" /dev/full", 2, FULL)], ids=["closed", "full"])
def test_where_stdout_cannot_be_written_the_other_reports_are(
    place: Place, stdout: str, code: int, said: str, option: str, script: str
) -> None:
    place.write("s/a.lua", script)
    place.write("s/b.lua", GOOD)
    ran = place.shell(f"$LLMSPELL validate s {option} --junit j.xml >{stdout}")
    assert ran.code == code
    lines = ran.stderr.splitlines(keepends=True)
    assert "".join(line for line in lines if line.startswith("llmspell:")) == said
    assert option or ran.stderr == said
    suite = ET.parse(place.folder / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("errors")) == ("2", "0")


def test_a_listing_on_a_stderr_that_cannot_be_written_is_no_missing_report(place: Place) -> None:
    place.write("a.lua", GOOD)
    ran = place.shell("$LLMSPELL validate a.lua --json - 2> /dev/full")
    assert (ran.code, json.loads(ran.stdout)["totals"]["passed"]) == (0, 1)


def test_a_check_that_was_asked_for_what_cannot_be_is_no_fault_of_ours(place: Place) -> None:
    place.write("a.lua", GOOD)
    ran = place.run("validate", "a.lua", "--mem", "1M")
    assert (ran.code, ran.stdout) == (2, b"no scripts; interrupted: it could not go on\n")
    assert ran.stderr.startswith("llmspell: a memory limit of 1 MiB is too small")


def test_the_summary_of_a_job_is_written_where_the_log_cannot_be(place: Place) -> None:
    place.write("s/a.lua", BAD)
    place.write("s/b.lua", BAD)
    summary = place.folder / "summary.md"
    ran = place.where(GITHUB_STEP_SUMMARY=str(summary)).shell("$LLMSPELL validate s --github --junit j.xml >&-")
    assert ran.code == 141
    assert summary.read_text().count("| failed |") == 3
    assert ET.parse(place.folder / "j.xml").getroot().get("tests") == "2"


def test_a_check_that_nobody_is_told_of_ends(place: Place) -> None:
    place.write("s/a.lua", BAD)
    place.write("s/b.lua", "while true do end")
    place.write("s/b.expect.toml", "")
    ran = place.shell("$LLMSPELL validate --jobs 1 s >&-")
    assert (ran.code, ran.stderr) == (141, "")


def test_verbose_shows_notes_and_help_names_every_code(place: Place) -> None:
    place.write("a.lua", "Tool.execute(ARGS[1])")
    assert b" note dynamic-call" in place.run("validate", "-v", "a.lua").stdout
    assert place.run("validate", "-v", "-q", "a.lua").stdout == b""
    told = place.run("validate", "--help").stdout.decode()
    assert max(map(len, told.splitlines())) <= 80
    shown = " ".join(told.split())
    assert "70 our fault" in shown
    assert "141 stdout was closed" in shown


def test_where_a_fault_was_is_offered_by_the_commands_that_can_show_it() -> None:
    offering = set()
    for name in COMMANDS:
        command = app.get_command(click.Context(app), name)
        assert command is not None
        if any("-v" in parameter.opts for parameter in command.params):
            offering.add(name)
    assert offering == WITH_VERBOSE


@pytest.mark.parametrize(
    ("command", "more"), [("doctor", ""), ("validate", "  (-vv shows where)\n")], ids=["doctor", "validate"]
)
def test_a_fault_says_where_more_is_only_if_it_is_there(
    command: str, more: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["llmspell", command])
    assert explain(ZeroDivisionError("x\n::error::\x1b[2J"), verbose=False) == 70
    said = capsys.readouterr().err
    assert said == f"llmspell: a fault of ours, please report it: ZeroDivisionError: x\\n::error::\\x1b[2J\n{more}"


def test_text_of_scripts_forges_no_line_and_steers_no_terminal(place: Place) -> None:
    name = "a\n::error::forged\x1b[2J.lua"
    place.write(name, "x\x1b[31m()")
    ran = place.run("validate", ".", "--exclude", "home/**")
    assert b"\x1b" not in ran.stdout
    assert not any(line.startswith(b"::") for line in ran.stdout.splitlines())


def test_a_terminal_shows_the_line_with_a_marker_the_slowest_and_the_time(place: Place) -> None:
    place.write("good.lua", GOOD)
    place.write("bad.lua", BAD)
    with place.terminal("validate", "--slowest", "1", "good.lua", "bad.lua") as terminal:
        assert terminal.end() == 1
    shown = terminal.shown.decode().replace("\r\n", "\n")
    assert "  1 | nobody_defines_this()\n" in shown
    assert "^" * len("nobody_defines_this") in shown
    assert "slowest:\n" in shown
    assert " in " in shown.splitlines()[-1]
    assert shown.splitlines()[-1].rpartition("\x1b[K")[2].startswith("1 passed, 1 failed, 1 error in ")
