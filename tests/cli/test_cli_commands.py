"""The other commands: what there is, a tool on its own, trust, help, completion."""

from __future__ import annotations

import json
import os
from importlib.metadata import version

import pytest

import llmspell
from llmspell.cli.app import COMMANDS
from tests.cli.programs import Place


def test_the_version_is_that_of_the_package(place: Place) -> None:
    assert place.run("--version") == (0, f"llmspell {llmspell.__version__}\n".encode(), "")
    assert version("llmspell") == llmspell.__version__


def test_help_lists_every_command_and_how_to_try_it(place: Place) -> None:
    shown = place.run("--help").stdout.decode()
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "llmspell run examples/hello.lua" in shown
    assert place.run() == (2, b"", shown)


def test_a_shell_completes_commands_and_options(place: Place) -> None:
    words = {"_LLMSPELL_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    assert place.where(COMP_WORDS="llmspell san", **words).run().stdout == b"plain,sandbox\n"
    assert (
        b"plain,--max-calls"
        in place.where(COMP_WORDS="llmspell run --max-c", **{**words, "COMP_CWORD": "2"}).run().stdout
    )
    words["COMP_CWORD"] = "2"
    assert place.where(COMP_WORDS="llmspell run sp", **words).run().stdout == b"file,sp\n"
    assert place.where(COMP_WORDS="llmspell rnu sp", **words).run() == (0, b"\n", "")
    words["COMP_CWORD"] = "3"
    assert place.where(COMP_WORDS="llmspell tools info ca", **words).run().stdout == b"plain,calculator\n"
    assert place.where(COMP_WORDS="llmspell run --engine lu", **words).run().stdout == b"plain,lua\n"
    assert b"_LLMSPELL_COMPLETE=bash_complete" in place.where(_LLMSPELL_COMPLETE="bash_source").run().stdout


def test_the_tools_are_listed_for_people_programs_and_on_their_own(place: Place) -> None:
    lines = place.run("tools").stdout.decode().splitlines()
    listed = json.loads(place.run("tools", "--output", "json").stdout)
    assert [line.split("\t")[0] for line in lines] == [tool["name"] for tool in listed]
    assert all(tool["granted"] is tool["granted_by_default"] is (tool["name"] != "file-operations") for tool in listed)
    assert set(listed[0]) == {"name", "category", "granted", "granted_by_default", "description"}


def test_a_configuration_says_which_tools_are_granted(place: Place) -> None:
    place.write("c.toml", '[tools]\ngrant = ["calculator", "file-operations"]\n')
    listed = json.loads(place.run("tools", "list", "--output", "json", "--config", "c.toml").stdout)
    assert {tool["name"] for tool in listed if tool["granted"]} == {"calculator", "file-operations"}
    assert "calculator" in place.run("tools", "list", "--config", "c.toml").stdout.decode()


def test_a_tool_describes_itself_by_either_spelling(place: Place) -> None:
    ran = place.run("tools", "info", "hash_calculator")
    head, _, schema = ran.stdout.decode().partition("\n\n")
    assert head.startswith("hash-calculator ")
    told = json.loads(place.run("tools", "info", "hash_calculator", "--output", "json").stdout)
    assert told["parameters"] == json.loads(schema)
    assert (told["name"], told["parameters"]["type"]) == ("hash-calculator", "object")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("calculator", "--params", '{"input": "6*7"}'), 0, ""),
        (("calculater",), 2, "there is no tool 'calculater'; did you mean calculator?"),
        (("calculator", "--params", "{"), 2, "--params is no JSON: "),
        (("calculator", "--params", "[" * 100_000), 2, "--params is no JSON: "),
        (("calculator", "--params", "[]"), 1, "validation: "),
        (("calculator", "--params", '{"inptu": 1}'), 1, "validation: "),
        (("file-operations", "--params", '{"operation": "read", "path": "/etc/passwd"}'), 4, "denied: "),
    ],
)
def test_a_tool_runs_on_its_own_and_says_what_is_wrong(
    place: Place, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = place.run("tools", "run", *words)
    assert ran.code == code
    assert said in ran.stderr
    if code == 0:
        assert json.loads(ran.stdout)["text"] == "42"
    else:
        assert ran.stdout == b""
        assert ran.stderr.count("\n") == 1


def test_a_tool_reads_below_a_granted_folder(place: Place) -> None:
    place.write("d/note.txt", "noted")
    parameters = json.dumps({"operation": "read", "path": str(place.folder / "d" / "note.txt")})
    ran = place.run("tools", "run", "file-operations", "--allow-read", "d", "--params", parameters)
    assert (ran.code, "noted" in ran.stdout.decode()) == (0, True)


@pytest.mark.parametrize("command", ["engines", "providers", "tools"])
def test_a_list_says_what_is_wrong_with_the_configuration(place: Place, command: str) -> None:
    place.write("c.toml", "[limts]\n")
    ran = place.run(command, "list", "--config", "c.toml")
    assert (ran.code, ran.stdout) == (2, b"")
    assert "limits" in ran.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("config", "shwo"), "there is no command 'shwo'; did you mean show?"),
        (("providers", "chek", "x"), "there is no command 'chek'; did you mean check?"),
        (("tools", "zzzz"), "there is no command 'zzzz'; known are: "),
        (("help", "run"), "there is no command 'help'; try llmspell run --help"),
        (("engines", "--output", "json", "list"), "options of list stand behind it: llmspell engines list ..."),
    ],
    ids=["config", "providers", "tools", "help", "early option"],
)
def test_a_mistyped_command_of_a_group_names_the_nearest(place: Place, words: tuple[str, ...], said: str) -> None:
    ran = place.run(*words)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr


def test_a_fault_of_ours_is_70_and_shows_its_traceback_only_when_asked(place: Place) -> None:
    place.write("broken/rich/__init__.py", "raise ZeroDivisionError('broken \\x1b on purpose')")
    words = ("exec", "return 1", "--output", "pretty")
    broken = os.pathsep.join([str(place.folder / "broken"), os.environ.get("PYTHONPATH", "")])
    ran = place.where(PYTHONPATH=broken).run(*words)
    assert (ran.code, ran.stdout) == (70, b"")
    assert ran.stderr == (
        "llmspell: a fault of ours, please report it: ZeroDivisionError: broken \\x1b on purpose\n  (-vv shows where)\n"
    )
    with place.where(PYTHONPATH=broken).start(*words, "-vv") as started:
        ran = started.end()
    assert ran.code == 70
    assert "Traceback (most recent call last)" in ran.stderr
