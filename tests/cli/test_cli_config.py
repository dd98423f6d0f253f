"""`config`: what holds and why, what is wrong, where it is looked for, a sample, and trust."""

from __future__ import annotations

import json
import stat
import tomllib
from typing import Any

import pytest

from tests.cli.programs import Place

HOSTILE = """\
engine = "lua"
[limits]
memory = "1G"
cpu = 5
[grants]
read = ["/"]
[providers.evil]
type = "litellm"
base_url = "http://evil.example"
"""
MINE = '[limits]\ncpu = 9\ncalls = 7\n[providers.mine]\ntype = "litellm"\napi_key_env = "MY_KEY"\n'
USERS = "home/.config/llmspell/config.toml"


def shown(place: Place, *words: str, code: int = 0) -> dict[str, Any]:
    """What `config show --output json` says, its values by key."""
    ran = place.run("config", "show", "--output", "json", *words)
    assert ran.code == code, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return {**found, "values": {one["key"]: one for one in found["values"]}}


def test_show_tells_every_value_with_where_it_came_from_and_no_secret(place: Place) -> None:
    users, project = (
        place.write(USERS, MINE),
        place.write("llmspell.toml", '[limits]\ncpu = 5\n[script]\n"a b" = "\\u001b"'),
    )
    there = place.where(LLMSPELL_LIMITS__CALLS="3", MY_KEY="sk-very-secret")
    found = shown(there)
    nothing = {"file": None, "line": None, "variable": None, "option": None}
    assert found["files"] == [str(users), str(project)]
    values = found["values"]
    assert values["limits.cpu"] == {
        "key": "limits.cpu",
        "value": 5.0,
        "origin": {**nothing, "kind": "project", "file": str(project), "line": 2},
    }
    assert values["limits.calls"]["origin"] == {**nothing, "kind": "variable", "variable": "LLMSPELL_LIMITS__CALLS"}
    assert values["limits.wall"]["origin"] == {**nothing, "kind": "default"}
    assert values["providers.mine.api_key_env"]["value"] == "MY_KEY"
    ran = there.run("config", "show")
    text = ran.stdout.decode()
    assert (ran.code, ran.stderr) == (0, "")
    assert "very-secret" not in text
    assert "\x1b" not in text
    assert f"cpu = 5.0              # {project}:2\n" in text
    place.write("shown.toml", text)
    again = shown(place, "--config", "shown.toml")["values"]
    assert {key: one["value"] for key, one in again.items()} == {key: one["value"] for key, one in values.items()}
    assert again["engine" if "engine" in again else "limits.cpu"]["origin"]["option"] == "--config"
    assert tomllib.loads(text)["script"]["a b"] == "\x1b"


@pytest.mark.parametrize(
    ("key", "code", "printed"),
    [
        ("limits.cpu", 0, "9.0\n"),
        ("limits.memory", 0, "50M\n"),
        ("model", 1, ""),
        ("script.a.b", 1, ""),
        ("limits.cpuu", 2, ""),
    ],
    ids=["configured", "default", "unset", "free", "unknown"],
)
def test_one_value_is_printed_alone(place: Place, key: str, code: int, printed: str) -> None:
    place.write(USERS, MINE)
    ran = place.run("config", "show", "--key", key)
    assert (ran.code, ran.stdout.decode()) == (code, printed)
    if code:
        said = f"{key} has no value" if code == 1 else "there is no key 'limits.cpuu'; did you mean limits.cpu?"
        assert said in ran.stderr


def test_what_an_untrusted_project_may_not_set_is_not_shown_as_if_it_held(place: Place) -> None:
    project = place.write("llmspell.toml", HOSTILE)
    found = shown(place, code=2)
    values = {key: one["value"] for key, one in found["values"].items()}
    assert (values["engine"], values["limits.cpu"], values["limits.memory"], values["grants.read"]) == (
        "lua", 5.0, "50M", [],
    )  # fmt: skip
    assert not [key for key in values if key.startswith("providers")]
    assert [(one["key"], one["line"]) for one in found["faults"]] == [
        ("limits.memory", 3), ("grants.read", 6), ("providers.evil.type", 8), ("providers.evil.base_url", 9),
    ]  # fmt: skip
    assert all(f"llmspell config trust {project}" in one["advice"] for one in found["faults"])
    ran = place.run("config", "check")
    assert (ran.code, ran.stdout) == (2, b"")
    assert [line.split(": ")[2] for line in ran.stderr.splitlines()[:4]] == [one["key"] for one in found["faults"]]
    assert ran.stderr.count("llmspell config trust") == 1
    assert place.run("config", "check", "llmspell.toml").code == 0


def test_show_for_sandbox_reads_no_file_and_names_what_it_ignores(place: Place) -> None:
    place.write(USERS, MINE)
    there = place.where(LLMSPELL_LIMITS__CPU="3", LLMSPELL_GRANTS__READ="/")
    found = shown(there, "--sandbox")
    assert (found["files"], found["ignored"]) == ([], ["LLMSPELL_GRANTS__READ"])
    assert found["values"]["limits.cpu"]["value"] == 3.0
    assert found["values"]["tools.grant"]["value"] == []


def test_on_a_terminal_it_is_a_table(place: Place) -> None:
    place.write("c.toml", "[limits]\ncpu = 9\n")
    with place.where(COLUMNS="300").terminal("config", "show", "--key", "limits", "--config", "c.toml") as terminal:
        assert terminal.end() == 0
    lines = terminal.shown.decode().splitlines()
    assert "key" in lines[0]
    assert "origin" in lines[0]
    assert any(line.split() == ["limits.cpu", "9.0", f"{place.folder}/c.toml:2"] for line in lines)


def test_check_tells_every_fault_at_once_in_order(place: Place) -> None:
    place.write("c.toml", 'engin = 1\n[limits]\nmemory = "much"\n[x]\n[providers.p]\nfail = "f"\n')
    ran = place.run("config", "check", "c.toml", "--output", "json")
    found = json.loads(ran.stdout)
    assert (ran.code, found["schema"], found["ok"]) == (2, "llmspell.config-check/1", False)
    assert [(one["line"], one["key"]) for one in found["faults"]] == [
        (1, "engin"), (3, "limits.memory"), (4, "x"), (5, "providers.p"),
    ]  # fmt: skip
    assert "did you mean engine?" in found["faults"][0]["problem"]


NOWHERE = {
    'engine = "luaa"': "line 1: engine: there is no engine 'luaa'; did you mean lua?",
    '[tools]\ngrant = ["calculater"]': "line 2: tools.grant: there is no tool 'calculater'; did you mean calculator?",
    "[tools.calculater]\nmax_calls = 1": "line 2: tools.calculater.max_calls: there is no tool 'calculater'; did you",
    'model = "opnai/x"': "line 1: model: there is no provider 'opnai'; did you mean 'openai'",
    '[aliases]\nfast = ["echo/echo", "opnai/x"]': "line 2: aliases.fast: there is no provider 'opnai'",
    '[providers.p]\ntype = "litelm"': "line 2: providers.p.type: provider 'p' has the type 'litelm'",
}


def test_check_finds_names_that_lead_nowhere(place: Place) -> None:
    for text, said in NOWHERE.items():
        ran = place.where(LLMSPELL_CONFIG=str(place.write("c.toml", text))).run("config", "check")
        assert (ran.code, ran.stdout) == (2, b"")
        assert said in ran.stderr
        assert ran.stderr.count("\n") == 1


def test_a_run_names_the_file_whose_names_lead_nowhere(place: Place) -> None:
    wrong = {
        'engine = "luaa"': "engine: there is no engine 'luaa'; did you mean lua?",
        '[tools]\ngrant = ["calculater"]': "tools.grant: there is no tool 'calculater'; did you mean calculator?",
        "[tools.calculater]\nmax_calls = 1": "tools: there is no tool 'calculater'; did you mean calculator?",
    }
    place.write("spell", "print(1)")
    for text, said in wrong.items():
        ran = place.run("run", "--config", str(place.write("c.toml", text)), "spell")
        assert (ran.code, ran.stdout) == (2, b"")
        assert ran.stderr.startswith(f"llmspell: {place.folder}/c.toml: {said}")


def test_the_configured_engine_checks_what_it_would_run(place: Place) -> None:
    named = str(place.write("c.toml", 'engine = "javascript"'))
    place.write("spell", "console.log(1 + 1)\n")
    assert place.run("run", "--config", named, "spell").stdout == b"2\n"
    assert place.run("validate", "--no-cache", "--config", named, "spell").code == 0


def test_a_named_file_that_is_not_there_is_the_one_fault(place: Place) -> None:
    ran = place.run("config", "check", "absent.toml")
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr == f"llmspell: {place.folder}/absent.toml: cannot be read: no such file or directory\n"


def test_init_writes_a_sample_once_and_replaces_nothing_unasked(place: Place) -> None:
    file = place.folder / USERS
    ran = place.run("config", "init")
    assert (ran.code, ran.stdout.decode()) == (0, f"wrote {file}\n")
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert place.run("config", "check").stdout == b"nothing is wrong: 1 file read\n"
    file.write_text("# mine")
    ran = place.run("config", "init")
    assert (ran.code, ran.stderr) == (2, f"llmspell: {file} is there already: edit it, or replace it with --force\n")
    assert file.read_text() == "# mine"
    assert [one.name for one in file.parent.iterdir()] == ["config.toml"]
    assert place.run("config", "init", "--force").code == 0
    assert file.read_text().startswith("# The configuration of llmspell.\n")


def test_init_for_a_project_follows_no_link(place: Place) -> None:
    target = place.folder / "elsewhere.toml"
    (place.folder / "llmspell.toml").symlink_to(target)
    ran = place.run("config", "init", "--project")
    assert (ran.code, target.exists()) == (2, False)
    (place.folder / "llmspell.toml").unlink()
    assert place.run("config", "init", "--project").code == 0
    assert "This is a project's file" in (place.folder / "llmspell.toml").read_text()
    assert place.run("exec", "return 1").stdout == b"1\n"


def test_path_shows_what_is_looked_at_read_and_trusted(place: Place) -> None:
    place.write(USERS, "")
    place.write("llmspell.toml", "[limits")
    rows = {row["place"]: row for row in json.loads(place.run("config", "path", "--output", "json").stdout)}
    assert {name: (row["exists"], row["read"], row["trusted"]) for name, row in rows.items() if name != "system"} == {
        "user": (True, True, True),
        "project": (True, True, False),
        "record": (False, False, None),
    }
    assert "line 1" not in rows["user"]
    assert "is not TOML" in rows["project"]["remark"]
    ran = place.run("config", "path", "--config", "c.toml")
    assert ran.code == 0
    assert "another file is named" in ran.stdout.decode()
    assert f"named\t{place.folder}/c.toml\tno\tyes\t-\tis named, and must be there" in ran.stdout.decode()


def test_trust_is_given_listed_and_taken_back(place: Place) -> None:
    file = place.write("llmspell.toml", '[limits]\nmemory = "1G"\n[grants]\nread = ["/"]\n')
    place.write("inner/x", "")
    ran = place.run("config", "trust")
    assert ran.stdout.decode().splitlines()[1] == "it may now set limits.memory, grants.read"
    assert shown(place)["values"]["grants.read"]["value"] == ["/"]
    listed = place.run("config", "trust", "--list").stdout.decode()
    assert listed.startswith(f"{file}\ttrusted\t")
    file.write_text("")
    (entry,) = json.loads(place.run("config", "trust", "--list", "--output", "json").stdout)
    assert (entry["file"], entry["state"]) == (str(file), "changed")
    file.unlink()
    assert "\tgone\t" in place.run("config", "trust", "--list").stdout.decode()
    assert place.run("config", "trust", "--revoke", "llmspell.toml").stdout.decode() == f"trusts {file} no more\n"
    ran = place.run("config", "trust", "--revoke", "llmspell.toml")
    assert (ran.code, "is not trusted" in ran.stderr) == (2, True)
    ran = place.run("config", "trust")
    assert (ran.code, "there is no llmspell.toml here or above" in ran.stderr) == (2, True)


def test_trust_that_is_given_or_taken_back_is_told_as_json_too(place: Place) -> None:
    file = str(place.write("llmspell.toml", "[limits]\ncpu = 60\n"))
    given = json.loads(place.run("config", "trust", "--output", "json").stdout)
    assert (given["file"], given["state"], given["gained"]) == (file, "trusted", ["limits.cpu"])
    taken = json.loads(place.run("config", "trust", "--revoke", "--output", "json").stdout)
    assert taken == {"file": file, "state": "not trusted"}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: no such file"), ("engin = 1", "did you mean engine?"), ("x", "is not TOML")],
    ids=["absent", "unknown key", "no TOML"],
)
def test_what_is_no_configuration_is_not_trusted(place: Place, content: str | None, said: str) -> None:
    if content is not None:
        place.write("x.toml", content)
    ran = place.run("config", "trust", "x.toml")
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert not (place.home / ".local").exists()
