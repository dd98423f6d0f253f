"""Bad input, one by one: its verdict and exit code, the output so far, one clear message, nothing left running."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from tests.cli.programs import Place


def test_a_projects_configuration_that_was_never_trusted_says_how_to_trust_it(place: Place) -> None:
    place.write("llmspell.toml", '[grants]\nread = ["/"]\n')
    place.write("inner/a.lua", 'print("ran")')
    ran = place.run("run", "inner/a.lua")
    assert (ran.code, ran.stdout) == (2, b"")
    assert "llmspell.toml" in ran.stderr
    assert "grants.read" in ran.stderr
    assert "llmspell config trust" in ran.stderr
    trusted = place.run("config", "trust", "llmspell.toml")
    assert trusted.code == 0
    assert trusted.stdout.startswith(b"trusted ")
    assert place.run("run", "inner/a.lua").stdout == b"ran\n"
    place.write("llmspell.toml", '[grants]\nread = ["/", "/etc"]\n')
    assert place.run("run", "inner/a.lua").code == 2


def test_an_untrusted_configuration_may_lower_limits(place: Place) -> None:
    place.write("llmspell.toml", "[limits]\ncpu = 0.2\n")
    assert place.run("exec", "while true do end").code == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("..secret", "may not leave the script's folder or name dot-files"),
        (".hidden", "may not leave the script's folder or name dot-files"),
        ("linked", "reached by a symbolic link"),
        ("missing", "is not beside the script"),
    ],
)
def test_a_module_that_is_a_dot_file_a_link_or_not_there_is_an_error_of_the_script(
    place: Place, name: str, said: str
) -> None:
    place.write("outside.lua", "return 1")
    place.write("s/.hidden.lua", "return 1")
    (place.folder / "s" / "linked.lua").symlink_to("../outside.lua")
    place.write("s/a.lua", f'print("before")\nlocal file = "{name}.lua"\ndofile(file)')
    ran = place.run("run", "s/a.lua")
    assert ran.code in (1, 4)
    assert ran.stdout == b"before\n"
    assert said in ran.stderr


def test_a_missing_script_is_answered_with_the_nearest_name(place: Place) -> None:
    place.write("s/greeting.lua", "")
    ran = place.run("run", "s/greting.lua")
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr == (
        "llmspell: script 's/greting.lua' cannot be read: no such file or directory; did you mean 's/greeting.lua'?\n"
    )


def test_an_empty_name_and_a_name_that_is_too_long_are_answered(place: Place) -> None:
    assert place.run("run", "").stderr.startswith("llmspell: script '' cannot be read: no such file or directory")
    ran = place.run("run", "x" * 5000)
    assert (ran.code, len(ran.stderr) < 500) == (2, True)
    assert "file name too long" in ran.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_script_is_answered(place: Place) -> None:
    place.write("a.lua", "").chmod(0)
    ran = place.run("run", "a.lua")
    assert (ran.code, ran.stderr) == (2, "llmspell: script 'a.lua' cannot be read: permission denied\n")


def test_a_script_whose_reading_fails_is_answered(place: Place) -> None:
    ran = place.run("run", "/proc/self/mem")
    assert (ran.code, ran.stderr) == (2, "llmspell: script '/proc/self/mem' cannot be read: input/output error\n")


@pytest.mark.parametrize(
    ("kind", "said"), [("folder", "a folder"), ("pipe", "a pipe"), ("socket", None), ("/dev/zero", "a device")]
)
def test_what_is_no_regular_file_is_no_script_and_nobody_waits_for_it(
    place: Place, kind: str, said: str | None
) -> None:
    path = kind if kind.startswith("/") else f"{kind}.lua"
    if kind == "folder":
        (place.folder / path).mkdir()
    elif kind == "pipe":
        os.mkfifo(place.folder / path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(place.folder / path))
    ran = place.run("run", path)
    assert (ran.code, ran.stdout) == (2, b"")
    if said is not None:
        assert ran.stderr == (
            f"llmspell: script {path!r} cannot be run: it is {said}; name a file, or - to read the script from stdin\n"
        )


@pytest.mark.parametrize("by", ["file", "stdin"])
def test_a_script_that_is_too_large_is_the_source_limit_and_never_started(place: Place, by: str) -> None:
    source = b" " * (6 << 20)
    place.write("big.lua", source)
    words = ("run", "big.lua") if by == "file" else ("run", "-")
    ran = place.run(*words, "--output", "json", stdin=source)
    found = json.loads(ran.stdout)
    assert ran.code == 3
    assert (found["limit"]["name"], found["limit"]["allowed"], found["started"]) == ("source", 5 << 20, False)
    assert place.run(*words, "--mem", "64M", stdin=source).code == 0


@pytest.mark.parametrize("by", ["file", "stdin"])
@pytest.mark.parametrize(
    ("source", "said"),
    [(b"print(1)\0", "it holds a zero byte at offset 8"), (b"\x1bLua", "it looks like compiled code")],
)
def test_a_script_that_is_no_text_is_refused(place: Place, by: str, source: bytes, said: str) -> None:
    place.write("a.lua", source)
    ran = place.run("run", "a.lua" if by == "file" else "-", stdin=source)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr


@pytest.mark.parametrize("size", ["50X", "-1", "", "M", "1e6", "0x10", "\uff15\uff10M", "1.5.5M", "nan"])
def test_a_malformed_size_names_the_option_and_what_can_be_written(place: Place, size: str) -> None:
    ran = place.run("exec", "return 1", f"--mem={size}")
    assert (ran.code, ran.stdout) == (2, b"")
    assert "Invalid value for '--mem'" in ran.stderr
    assert "like 50M" in ran.stderr


@pytest.mark.parametrize(
    ("size", "said"),
    [("1M", "the least that works is 20 MiB"), ("0", "too small"), ("999999G", "more than this machine has")],
)
def test_a_limit_that_is_too_small_to_start_or_too_large_for_the_machine_is_refused(
    place: Place, size: str, said: str
) -> None:
    ran = place.run("exec", "return 1", "--mem", size)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert ran.stderr.startswith("llmspell: a memory limit of ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cpu", "0"), "no number of seconds"),
        (("--timeout", "soon"), "no number of seconds"),
        (("--timeout=inf",), "no number of seconds"),
        (("--max-calls", "-1"), "no count"),
        (("--max-tokens", "1.5"), "no count"),
        (("--max-cost", "nan"), "no amount of US dollars"),
        (("--seed", "-1"), "'-1' is no seed: write a whole number from 0 to 9223372036854775807, like 42"),
        (("--seed", "0x10"), "is no seed"),
        (("--seed", "9223372036854775808"), "is no seed"),
        (("--seed",), "requires an argument"),
        (("--output", "xml"), "is not one of"),
        (("--allow-env", "A=B"), "'A=B' is no name of a variable: write the name alone, like LANG"),
        (("--nonsense",), "No such option"),
        (("--mem",), "requires an argument"),
    ],
)
def test_a_malformed_option_is_a_usage_error(place: Place, words: tuple[str, ...], said: str) -> None:
    ran = place.run("exec", "return 1", *words)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr


def test_the_least_memory_that_is_named_does_work(place: Place) -> None:
    assert place.run("exec", "return 1", "--mem", "20M") == (0, b"1\n", "")


@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [
        ('Tool.execute("calculater", {})', 1, "did you mean calculator?"),
        ('Tool.execute("file-operations", {operation = "read", path = "/etc/passwd"})', 4, "denied: exec:2: "),
        ('Tool.execute("calculator", {inptu = "1"})', 1, "error (validation): exec:2: "),
        ('Tool.execute("calculator", {input = "1 +"})', 1, "exec:2: "),
        ('Tool.execute("calculator", {input = "9^9^9^9"})', 1, "exec:2: "),
        ('Tool.execute("calculator", print)', 1, "exec:2: "),
        ('Tool.execute("base64-encoder", {operation = "encode", input = ("x"):rep(5000000)})', 1, "exec:2: "),
    ],
)
def test_a_tool_that_is_unknown_refused_misused_or_raises_is_an_error_of_the_script(
    place: Place, code: str, exit_code: int, said: str
) -> None:
    ran = place.run("exec", f'print("before")\n{code}')
    assert (ran.code, ran.stdout) == (exit_code, b"before\n")
    assert said in ran.stderr


ENDINGS = {
    "endless loop": ("while true do end", ("--cpu", "0.3"), 3, "of its 0.3 s (cpu limit)"),
    "sleep": ("sleep(60)", ("--timeout", "3"), 3, "of its 3 s (wall limit)"),
    "memory bomb": ("local t = {} while true do t[#t + 1] = ('x'):rep(4096) end", (), 3, "(memory limit)"),
    "one huge string": ("local s = ('x'):rep(1 << 30)", (), 3, "(memory limit)"),
    "memory bomb in pcall": ("local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
                             ("--cpu", "1"), 3, "limit)"),
    "arguments that do not fit": ('Tool.execute("base64-encoder", {operation = "encode", input = ("x"):rep(12000000)})',
                                  (), 3, "(memory limit)"),
    "output flood": ("while true do print(('x'):rep(1000)) end", ("--max-output", "1M"), 3, "(output limit)"),
    "deep recursion": ("local function f() return 1 + f() end f()", (), (1, 3), ""),
    "deep pcall": ("local function f() pcall(f) end f() error('done')", ("--cpu", "5"), (1, 3), ""),
    "error(nil)": ("error(nil)", (), 1, "error: exec:2: the script raised nil"),
    "error of a table": ("error({code = 7})", (), 1, "error: exec:2: "),
    "error of itself": ("local t = setmetatable({}, {__tostring = function() error('x') end}) error(t)", (), 1, ""),
    "calls": ("while true do Tool.list() end", ("--max-calls", "10"), 3, "(calls limit)"),
    "value that cannot travel": ("return print", (), 1, "function"),
    "cycle": ("local t = {} t.t = t return t", (), 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDINGS)
def test_a_script_that_misbehaves_ends_with_its_verdict_and_keeps_its_output(place: Place, name: str) -> None:
    code, options, exit_code, said = ENDINGS[name]
    ran = place.run("exec", f'print("before")\n{code}', *options)
    assert ran.code in (exit_code if isinstance(exit_code, tuple) else (exit_code,))
    assert ran.stdout.startswith(b"before\n")
    assert said in ran.stderr
    assert ran.stderr.count("\n") < 40


def test_the_message_of_a_limit_says_once_where_it_was_last_seen(place: Place) -> None:
    ran = place.run("exec", "local t = {}\nwhile true do t[#t + 1] = ('x'):rep(4096) end")
    assert ran.stderr.splitlines()[0].startswith("limit: script used ")
    assert ran.stderr.splitlines()[0].count("exec:2") == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/worker"], "cannot be started: /nowhere/worker: No such file or directory"),
        (
            [sys.executable, "-c", "raise SystemExit('bad luck')"],
            "exited with status 1 before it was ready; it said: bad",
        ),
        ([sys.executable, "-c", "print('hello')"], "broke the protocol"),
    ],
)
def test_a_worker_that_cannot_start_is_a_set_up_error_with_what_it_said(
    place: Place, command: list[str], said: str
) -> None:
    place.write("c.toml", f"[engines.own]\ncommand = {json.dumps(command)}\n")
    ran = place.run("exec", "return 1", "--engine", "own", "--config", "c.toml")
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr


def test_a_worker_that_breaks_the_protocol_is_a_crash_with_what_it_said_escaped(place: Place) -> None:
    scripted = Path(__file__).parents[1] / "sandbox" / "workers" / "scripted.py"
    command = json.dumps([sys.executable, "-I", str(scripted), "arm(); hello()"])
    place.write("c.toml", f"[engines.own]\ncommand = {command}\n")
    code = 'output(b"before\\n"); say("why \\x1b[31m"); raw(b"\\0\\0\\0\\x01\\xc1")'
    ran = place.run("exec", code, "--engine", "own", "--config", "c.toml", "--require", "memory")
    assert (ran.code, ran.stdout) == (5, b"before\n")
    assert "broke the protocol" in ran.stderr
    assert "\x1b" not in ran.stderr


@pytest.mark.parametrize(
    "words", ["exec 'return 1'", "resume a", "tools run calculator --allow-read .", "engines check --needs . true"]
)
def test_a_working_directory_that_is_gone_is_answered(place: Place, words: str) -> None:
    ran = place.shell(f"mkdir gone && cd gone && rmdir ../gone && $LLMSPELL {words}")
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr == "llmspell: the working directory is gone: change to another one\n"


def test_a_missing_home_changes_nothing(place: Place) -> None:
    ran = place.shell("env -u HOME $LLMSPELL exec 'return 1'")
    assert (ran.code, ran.stdout, ran.stderr) == (0, b"1\n", "")


def test_an_ascii_only_locale_changes_nothing_of_the_output(place: Place) -> None:
    ran = place.where(LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0").run(
        "exec", 'print("h\u00e9") error("\u00e9")'
    )
    assert (ran.code, ran.stdout) == (1, "h\u00e9\n".encode())
    assert "exec:1: " in ran.stderr


def test_a_panel_is_shown_where_its_letters_are_not(place: Place) -> None:
    ran = place.where(PYTHONIOENCODING="ascii").run("exec", 'print("h\u00e9")', "--output", "pretty")
    assert (ran.code, ran.stderr) == (0, "")
    assert rb"h\xe9" in ran.stdout
