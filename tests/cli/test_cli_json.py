"""Forms of the outcome: the one JSON document, the panel, and the report file."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from typing import Any

import pytest

from tests.cli.programs import Place

TEXT, NUMBER, COUNT = str, float, int
SHAPE: dict[str, Any] = {
    "schema": str,
    "verdict": str,
    "limit": None,
    "script": {"name": str, "sha256": str},
    "engine": {"name": str, "version": str},
    "started": bool,
    "value": None,
    "exit_status": int,
    "error": None,
    "stdout": str,
    "stderr": str,
    "truncated": {"stdout": int, "stderr": int},
    "usage": {
        "wall_seconds": float,
        "cpu_seconds": float,
        "peak_memory_bytes": int,
        "output_bytes": int,
        "calls": int,
        "model_calls": int,
        "prompt_tokens": int,
        "completion_tokens": int,
        "cost_usd": float,
        "memory_refusals": int,
        "cost_by_rule_usd": float,
    },
    "evidence": str,
    "confinement": {
        "memory": str,
        "files": str,
        "network": str,
        "processes": str,
        "landlock_abi": (int, type(None)),
        "namespaces": list,
        "cgroup": None,
    },
    "calls": list,
}
"""The keys of `cli.md`, in their order, and the type of each, or the types; None is null."""
ERROR = {"kind": str, "message": str, "file": str, "line": int, "column": None, "traceback": list}


def assert_shape(found: Any, shape: Any, place: str = "") -> None:
    """A document has exactly the keys and types of a shape."""
    if isinstance(shape, dict):
        assert list(found) == list(shape), place
        for key, inner in shape.items():
            assert_shape(found[key], inner, f"{place}.{key}")
    elif isinstance(shape, tuple):
        assert type(found) in shape, place
    elif shape is None:
        assert found is None, place
    else:
        assert type(found) is shape, place


def document(place: Place, *words: str, code: int) -> dict[str, Any]:
    """The only thing on stdout: one JSON document and a line end."""
    ran = place.run(*words, "--output", "json")
    assert ran.code == code
    assert ran.stderr == ""
    assert ran.stdout.count(b"\n") == 1
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found["exit_status"] == code
    return found


def test_the_document_of_a_good_run_has_exactly_the_promised_keys_and_types(place: Place) -> None:
    script = place.write("a.lua", 'print("hi") io.stderr:write("e") return {1, "x"}')
    found = document(place, "run", "a.lua", code=0)
    assert_shape({**found, "value": None}, SHAPE)
    assert found["schema"] == "llmspell.outcome/1"
    assert (found["verdict"], found["value"], found["started"]) == ("ok", [1, "x"], True)
    assert found["script"] == {"name": "a.lua", "sha256": hashlib.sha256(script.read_bytes()).hexdigest()}
    assert (found["stdout"], found["stderr"], found["usage"]["output_bytes"]) == ("hi\n", "e", 4)
    assert found["engine"]["name"] == "lua"
    assert found["engine"]["version"].startswith("Lua 5.4")
    assert (found["confinement"]["memory"], found["confinement"]["processes"]) == ("address-space", "seccomp")
    assert all(found["confinement"][name].startswith("seccomp") for name in ("files", "network"))
    assert 8 << 20 < found["usage"]["peak_memory_bytes"] <= 50 << 20


def test_the_document_of_an_error_names_its_place(place: Place) -> None:
    found = document(place, "exec", '\nerror("boom")', code=1)
    assert_shape({**found, "error": None}, SHAPE)
    assert_shape(found["error"], ERROR)
    assert {**found["error"], "traceback": []} == {
        "kind": "runtime", "message": "boom", "file": "exec", "line": 2, "column": None, "traceback": [],
    }  # fmt: skip
    assert (found["verdict"], found["evidence"]) == ("error", "worker")


def test_the_document_of_a_limit_names_it_with_both_numbers(place: Place) -> None:
    found = document(place, "exec", "while true do end", "--cpu", "0.2", code=3)
    assert found["verdict"] == "limit"
    assert list(found["limit"]) == ["name", "allowed", "used", "unit"]
    assert (found["limit"]["name"], found["limit"]["allowed"], found["limit"]["unit"]) == ("cpu", 0.2, "seconds")
    assert 0.2 < found["limit"]["used"] < 2  # the kernel's own limit, of whole seconds
    assert found["error"]["kind"] == "limit"


def test_calls_are_listed_with_their_names(place: Place) -> None:
    found = document(place, "exec", 'Tool.execute("calculator", {input = "6*7"})', code=0)
    keys = ["id", "capability", "name", "ok", "wall_seconds", "agent", "begun_seconds"]
    assert [list(call) for call in found["calls"]] == [keys]
    assert (found["calls"][0]["capability"], found["calls"][0]["name"], found["calls"][0]["ok"]) == (
        "tool.invoke", "calculator", True,
    )  # fmt: skip
    assert found["usage"]["calls"] == 1


def test_output_that_is_no_utf8_is_shown_with_escapes_and_values_as_json_can_say_them(place: Place) -> None:
    found = document(place, "exec", 'io.write("a\\xff") return {0/0, -1/0, "\\xff"}', code=0)
    assert found["stdout"] == "a\\xff"
    assert found["value"] == ["NaN", "-Infinity", {"$bytes": "/w=="}]


def test_output_beyond_what_is_held_is_counted(place: Place) -> None:
    found = document(place, "exec", 'for i = 1, 6 do io.write(("x"):rep(1 << 20)) end', code=0)
    assert (len(found["stdout"]), found["truncated"]) == (4 << 20, {"stdout": 2 << 20, "stderr": 0})


def test_a_scripts_own_exit_code_is_in_the_document_and_one_under_sandbox(place: Place) -> None:
    assert document(place, "exec", "os.exit(9)", code=9)["verdict"] == "error"
    place.write("a.lua", "os.exit(9)")
    ran = place.run("sandbox", "-q", "--output", "json", "a.lua")
    assert (ran.code, json.loads(ran.stdout)["exit_status"]) == (1, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "missing.lua"),
        ("exec", "return 1", "--engine", "nope"),
        ("exec", "return 1", "--mem", "1M"),
        ("exec", "return 1", "--mem", "50X"),
        ("exec", "return 1", "--config", "missing.toml"),
        ("exec", "return 1", "--report", "nowhere/x.json"),
        ("exec", "return 1", "--require", "networks"),
        ("sandbox", "missing.lua"),
    ],
)
def test_stdout_stays_empty_when_nothing_could_run(place: Place, words: tuple[str, ...]) -> None:
    ran = place.run(*words, "--output", "json")
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr != ""


def test_pretty_shows_a_panel_with_output_value_calls_usage_and_verdict(place: Place) -> None:
    ran = place.run("exec", 'print("said") Tool.execute("calculator", {input = "1"}) return {7}', "--output", "pretty")
    shown = ran.stdout.decode()
    assert (ran.code, ran.stderr) == (0, "")
    for part in ("exec", "said", "7", "tool.invoke calculator", "usage", "verdict", "ok"):
        assert part in shown
    assert "\x1b" not in shown


def test_a_report_is_the_same_document_and_leaves_nothing_beside_it(place: Place) -> None:
    place.write("report.json", "old")
    ran = place.run("exec", "return 5", "--report", "report.json", "--output", "json")
    assert json.loads((place.folder / "report.json").read_bytes()) == json.loads(ran.stdout)
    assert sorted(path.name for path in place.folder.iterdir()) == ["home", "report.json"]


def test_a_report_is_written_for_a_run_that_failed(place: Place) -> None:
    assert place.run("exec", 'error("boom")', "--report", "r.json").code == 1
    assert json.loads((place.folder / "r.json").read_bytes())["verdict"] == "error"


def test_a_report_through_a_link_replaces_what_the_link_means(place: Place) -> None:
    (place.folder / "there").mkdir()
    (place.folder / "link.json").symlink_to("there/r.json")
    assert place.run("exec", "return 1", "--report", "link.json").code == 0
    assert (place.folder / "link.json").is_symlink()
    assert json.loads((place.folder / "there" / "r.json").read_bytes())["verdict"] == "ok"


def test_a_report_to_a_pipe_is_written_into_it_and_does_not_replace_it(place: Place) -> None:
    os.mkfifo(place.folder / "pipe")
    ran = place.shell("cat pipe & $LLMSPELL exec 'return 1' --report pipe > value; wait; cat value >&2")
    assert json.loads(ran.stdout)["verdict"] == "ok"
    assert ran.stderr == "1\n"
    assert stat.S_ISFIFO((place.folder / "pipe").stat().st_mode)


@pytest.mark.parametrize("place_of", [">(cat >&2)", "/dev/stderr", "/proc/self/fd/2"])
def test_a_report_to_what_is_open_already_is_written_into_it(place: Place, place_of: str) -> None:
    ran = place.shell(f"$LLMSPELL exec 'print(1)' --report {place_of} | cat")
    assert (ran.stdout, json.loads(ran.stderr)["stdout"]) == (b"1\n", "1\n")


def test_a_report_to_a_stdout_that_is_a_file_stands_behind_the_output(place: Place) -> None:
    assert place.shell("$LLMSPELL exec 'print(1)' --report /dev/stdout > both").code == 0
    printed, document = (place.folder / "both").read_bytes().splitlines()
    assert (printed, json.loads(document)["verdict"]) == (b"1", "ok")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/dev/fd/77", "nothing is open there"),
        ("nowhere/r.json", "there is no folder {0}/nowhere: make it first"),
        (".", "it is a folder: name a file in it"),
        ("r" * 256, "its name has more than 255 bytes: shorten it"),
        ("/proc/r.json", "the folder /proc cannot be written to: no such file or directory"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_the_script_runs(
    place: Place, target: str, said: str
) -> None:
    ran = place.run("exec", 'print("ran")', "--report", target)
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr == f"llmspell: --report {target}: {said.format(os.path.realpath(place.folder))}\n"


def test_a_report_may_have_the_longest_name_there_is(place: Place) -> None:
    assert place.run("exec", "return 1", "--report", "r" * 255).code == 0
    assert json.loads((place.folder / ("r" * 255)).read_bytes())["verdict"] == "ok"


def test_trying_a_report_leaves_the_old_one_until_the_run_is_over(place: Place) -> None:
    place.write("r.json", "old")
    ran = place.run("exec", 'print(io.read("a"))', "--report", "r.json", stdin=(place.folder / "r.json").read_bytes())
    assert (ran.code, ran.stdout) == (0, b"old\n")
    assert json.loads((place.folder / "r.json").read_bytes())["stdout"] == "old\n"


def test_a_report_that_fails_after_the_run_is_code_two_whatever_the_runs_own_was(place: Place) -> None:
    ran = place.run("exec", 'print("ran") os.exit(7)', "--report", "/dev/full")
    assert (ran.code, ran.stdout) == (2, b"ran\n")
    assert ran.stderr.endswith("llmspell: --report /dev/full: no space left on device\n")
