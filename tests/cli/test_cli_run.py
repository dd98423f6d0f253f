"""`run` and `exec`: what reaches stdout and stderr, where options may stand, what the script is given."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.programs import Place

SCRIPTED = Path(__file__).parents[1] / "sandbox" / "workers" / "scripted.py"
SHOW_ARGUMENTS = 'print(JSON.stringify({n = #ARGS, first = ARGS[1], depth = ARGS.depth, dash = ARGS["x"]}))'


def test_output_is_piped_byte_by_byte_as_the_script_wrote_it(place: Place) -> None:
    everything = bytes(range(256))
    escapes = "".join(f"\\x{byte:02x}" for byte in everything)
    place.write("bytes.lua", f'io.write("{escapes}")')
    ran = place.run("run", "bytes.lua")
    assert (ran.code, ran.stdout, ran.stderr) == (0, everything, "")


def test_no_stream_shows_all_of_the_output_at_the_end_beyond_what_the_outcome_holds(place: Place) -> None:
    place.write("much.lua", 'for i = 1, 6 do io.write(("x"):rep(1 << 20)) end io.stderr:write("said")')
    ran = place.run("run", "--no-stream", "much.lua")
    assert (ran.code, len(ran.stdout), ran.stderr) == (0, 6 << 20, "said")


def test_stream_shows_output_before_the_script_ends(place: Place) -> None:
    with place.start("exec", 'print("first") sleep(60)') as started:
        assert started.until(b"first\n") == b"first\n"


def test_stderr_of_the_script_is_our_stderr(place: Place) -> None:
    ran = place.run("exec", 'io.stderr:write("to stderr\\n")')
    assert (ran.stdout, ran.stderr) == (b"", "to stderr\n")


@pytest.mark.parametrize(
    ("command", "code", "stdout"),
    [
        ("run", "return {a = 1}", b'{"a": 1}\n'),
        ("run", 'print("x") return {a = 1}', b"x\n"),
        ("run", "return nil", b""),
        ("run", 'return "\\xff"', b'{"$bytes": "/w=="}\n'),
        ("run", "return 1/0", b'"Infinity"\n'),
        ("exec", 'print("x") return 5', b"x\n5\n"),
        ("exec", "return false", b"false\n"),
        ("exec", "local x = 1", b""),
    ],
)
def test_run_prints_the_value_if_nothing_else_was_printed_and_exec_always(
    place: Place, command: str, code: str, stdout: bytes
) -> None:
    place.write("a.lua", code)
    ran = place.run(command, "a.lua" if command == "run" else code)
    assert (ran.code, ran.stdout, ran.stderr) == (0, stdout, "")


@pytest.mark.parametrize(
    "words",
    [
        ("--mem", "64M", "a.lua", "x", "--", "--depth", "3"),
        ("a.lua", "--mem=64M", "x", "--", "--depth=3"),
        ("a.lua", "x", "--mem", "64M", "-v", "--", "--depth", "3"),
        ("a.lua", "x", "--", "--depth", "3"),
    ],
)
def test_options_stand_anywhere_and_what_follows_the_dashes_is_the_scripts(
    place: Place, words: tuple[str, ...]
) -> None:
    place.write("a.lua", SHOW_ARGUMENTS)
    ran = place.run("run", *words)
    assert json.loads(ran.stdout) == {"n": 1, "first": "x", "depth": "3"}


def test_arguments_that_are_no_utf8_come_to_the_script_unchanged(place: Place) -> None:
    ran = place.run("exec", "io.write(ARGS[1], ARGS.k)", b"\xff\xfe", b"--", b"--k=\xfd")
    assert (ran.code, ran.stdout) == (0, b"\xff\xfe\xfd")


def test_a_script_whose_name_is_no_utf8_runs_and_is_named_in_the_error(place: Place) -> None:
    place.write(os.fsdecode(b"b\xff.lua"), 'error("boom")')
    ran = place.run("run", b"b\xff.lua")
    assert ran.code == 1
    assert "b\\xff.lua:1: boom" in ran.stderr


def test_very_many_and_very_long_arguments_arrive(place: Place) -> None:
    ran = place.run("exec", "return {#ARGS, #ARGS[1]}", "x" * 100_000, *map(str, range(2000)))
    assert ran.stdout == b"[2001, 100000]\n"


def test_a_dash_reads_the_script_from_stdin(place: Place) -> None:
    ran = place.run("run", "-", "you", stdin=b'print("hello " .. ARGS[1], io.read("a"))')
    assert (ran.code, ran.stdout) == (0, b"hello you\t\n")


def test_the_script_reads_our_stdin(place: Place) -> None:
    ran = place.run("exec", 'print(io.read("l"), io.read("a"))', stdin=b"one\ntwo\nthree")
    assert ran.stdout == b"one\ttwo\nthree\n"


def test_a_file_that_is_called_stdin_is_a_file(place: Place) -> None:
    place.write("stdin", 'print(io.read("a"))')
    assert place.run("run", "stdin", stdin=b"given").stdout == b"given\n"


@pytest.mark.parametrize("script", ["http://example.org/a.lua", "https://example.org/a.lua"])
def test_a_script_is_not_fetched_from_the_network(place: Place, script: str) -> None:
    ran = place.run("run", script)
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr == (
        f"llmspell: {script} is not run: scripts are not fetched from the network;"
        " download it, read it, then run the file\n"
    )


@pytest.mark.parametrize("status", [0, 1, 3, 7, 255])
def test_a_scripts_own_exit_code_is_passed_on(place: Place, status: int) -> None:
    assert place.run("exec", f"os.exit({status})").code == status


def test_a_lone_line_of_a_traceback_is_shown_where_it_is_in_another_file(place: Place) -> None:
    place.write("bad.mjs", "export default 1;\nnull.x;\n")
    place.write("main.mjs", 'import "./bad.mjs";')
    lines = place.run("run", "main.mjs").stderr.splitlines()
    assert lines == [
        "error: main.mjs: TypeError: cannot read property 'x' of null", "traceback:", "  bad.mjs:2: in main",
    ]  # fmt: skip
    assert "traceback:" not in place.run("exec", "error('x')").stderr


def test_an_error_shows_the_place_the_line_with_a_marker_and_the_scripts_own_traceback(place: Place) -> None:
    place.write("deep.lua", 'local function f()\n  error("boom")\nend\nlocal function g() f() end\ng()\n')
    ran = place.run("run", "deep.lua")
    assert ran.code == 1
    lines = ran.stderr.splitlines()
    assert lines[0] == "error: deep.lua:2: boom"
    assert lines[1] == '  2 |   error("boom")'
    assert lines[2] == "    |   ^"
    assert lines[3] == "traceback:"
    assert any("deep.lua:4" in line for line in lines[4:])


def test_a_syntax_error_is_named_so(place: Place) -> None:
    ran = place.run("exec", "local x = = 1")
    assert (ran.code, ran.stdout) == (1, b"")
    assert ran.stderr.startswith("error (syntax): exec:1: ")


def test_what_an_error_holds_cannot_steer_a_terminal(place: Place) -> None:
    ran = place.run("exec", 'error("\\27]0;title\\7 red \\u{202e}")')
    assert "\x1b" not in ran.stderr
    assert "\\x1b]0;title\\x07" in ran.stderr
    assert "\\u202e" in ran.stderr


LEVELS = 'Log.debug("d") Log.info("i") Log.warn("w") Log.error("e") print("out")'


@pytest.mark.parametrize(
    ("options", "shown"), [((), "we"), (("-v",), "iwe"), (("-vv",), "diwe"), (("-v", "-v"), "diwe"), (("-q",), "e")]
)
def test_the_scripts_log_goes_to_stderr_from_the_level_that_was_asked_for(
    place: Place, options: tuple[str, ...], shown: str
) -> None:
    ran = place.run("exec", LEVELS, *options)
    assert ran.stdout == b"out\n"
    assert [line.rsplit(" ", 1)[-1] for line in ran.stderr.splitlines()] == list(shown)


def test_an_environment_variable_is_shown_only_where_it_was_allowed(place: Place) -> None:
    code = "return {os.getenv('SECRET') or 'none', os.getenv('SHOWN') or 'none'}"
    ran = place.where(SECRET="s", SHOWN="t").run("exec", code, "--allow-env", "SHOWN")
    assert ran.stdout == b'["none", "t"]\n'


def test_an_installed_package_is_imported_where_an_option_or_a_trusted_configuration_grants_it(place: Place) -> None:
    imports = ("exec", "--engine", "python", "import rpds; rpds.List([5]).first")
    assert place.run(*imports, "--allow-package", "rpds-py").stdout == b"5\n"
    assert "installed packages are there if they are granted" in place.run(*imports).stderr
    place.write("home/.config/llmspell/config.toml", '[grants]\npackages = ["rpds-py"]')
    assert place.run(*imports).stdout == b"5\n"
    assert place.run("exec", "return 1").stdout == b"1\n"  # it grants nothing to other languages, and harms none
    place.write("llmspell.toml", '[grants]\npackages = ["attrs"]')
    refused = place.run(*imports)
    assert (refused.code, refused.stdout) == (2, b"")
    assert "grants.packages" in refused.stderr
    assert "config trust" in refused.stderr


def test_modules_beside_the_script_are_loaded_from_any_working_directory(place: Place) -> None:
    place.write("spells/lib/m.lua", "return {word = 'found'}")
    place.write("spells/a.lua", "print(require('lib.m').word)")
    assert place.run("run", "spells/a.lua").stdout == b"found\n"


def test_the_engine_comes_from_the_option_the_suffix_the_first_line_or_the_configuration(place: Place) -> None:
    prelude = "arm(); hello()"
    place.write(
        "engines.toml",
        f"""engine = "scripted"
[engines.scripted]
command = {json.dumps([sys.executable, "-I", str(SCRIPTED), prelude])}
suffixes = [".scripted"]
""",
    )
    worker = 'output(b"from a worker of somebody else\\n"); done(42)'
    place.write("a.scripted", worker)
    place.write("plain", worker)
    place.write("started", f"#!/usr/bin/env scripted\n{worker}")
    place.write("lua", "#!/usr/bin/env lua\nprint('lua')")
    said = b"from a worker of somebody else\n"
    own = ("--config", "engines.toml", "--require", "memory")
    assert place.run("run", *own, "a.scripted") == (0, said, "")
    assert place.run("run", *own, "started") == (0, said, "")
    assert place.run("run", *own, "plain") == (0, said, "")
    assert place.run("run", *own, "lua") == (0, b"lua\n", "")
    code = place.run("exec", *own, "--engine=scripted", "done({'a': 1})")
    assert code == (0, b'{"a": 1}\n', "")
    listed = json.loads(place.run("engines", "list", "--output", "json", "--config", "engines.toml").stdout)
    assert [(one["name"], one["suffixes"]) for one in listed] == [
        ("javascript", [".js", ".mjs"]),
        ("lua", [".lua"]),
        ("python", [".py"]),
        ("scripted", [".scripted"]),
    ]


def test_an_unknown_engine_is_answered_with_the_nearest_and_the_known_names(place: Place) -> None:
    ran = place.run("exec", "return 1", "--engine", "lau")
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(
        "llmspell: there is no engine 'lau'; did you mean lua? known are: javascript, lua, python"
    )
    assert "others come with a package that has the entry point llmspell.engines" in ran.stderr


def test_a_dialect_is_chosen_on_the_command_line_by_the_first_line_and_by_the_configuration(place: Place) -> None:
    (place.folder / "a.toml").write_text('[engines.lua]\nsettings = {dialect = "5.1"}\n')
    (place.folder / "old").write_text("#!/usr/bin/env lua5.3\nprint(_VERSION)\n")
    assert place.run("exec", "--engine", "lua@luajit", "return bit.bor(1, 2)") == (0, b"3\n", "")
    assert place.run("run", "old") == (0, b"Lua 5.3\n", "")
    assert place.run("exec", "--config", "a.toml", "return _VERSION") == (0, b'"Lua 5.1"\n', "")


@pytest.mark.parametrize("command", ["run", "sandbox"])
def test_the_same_seed_gives_the_same_output(place: Place, command: str) -> None:
    place.write("chance.lua", "print(math.random(2 ^ 30), os.time(), {}) sleep(1000) print(os.clock() > 1000)")
    first, again, other = (place.run(command, "-q", "--seed", seed, "chance.lua") for seed in ("7", "7", "8"))
    assert first == again
    assert (first.code, first.stdout.split()[1:]) == (0, other.stdout.split()[1:])
    assert first.stdout.split()[0] != other.stdout.split()[0]
