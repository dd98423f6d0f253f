"""`require` and `dofile`: modules beside the script, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmspell import Policy, Verdict
from tests.lua.spells import error, files, spell, value


def test_modules_are_found_beside_the_script_in_folders_and_as_packages(tmp_path: Path) -> None:
    files(tmp_path, {
        "one.lua": "return 'one'", "a/b.lua": "return {...}", "a/b/c.lua": "return 'c'",
        "pack/init.lua": "return 'init'",
        "nothing.lua": "", "sets.lua": "package.loaded[...] = 'set by itself'",
        "shell.lua": "#!/usr/bin/lua\nreturn 'shell'",
        "mark.lua": b"\xef\xbb\xbfreturn 'mark'", "no.lua": "return false",
    })  # fmt: skip
    source = """
    return {require 'one', require 'a.b', require 'a.b.c', require 'pack', require 'nothing', require 'sets',
      require 'shell', require 'mark', require 'no', package.loaded.one, dofile('one.lua'), dofile('a/b/c.lua')}
    """
    assert value(source, folder=tmp_path) == [
        "one", ["a.b", "a/b.lua"], "c", "init", True, "set by itself", "shell", "mark", False, "one", "one", "c",
    ]  # fmt: skip


def test_a_module_is_loaded_once_and_dofile_runs_each_time(tmp_path: Path) -> None:
    files(tmp_path, {"count.lua": "LOADS = (LOADS or 0) + 1 return {LOADS}"})
    source = """
    local a, b = require 'count', require 'count'
    local c = dofile 'count.lua'
    package.loaded.count = nil
    local d = require 'count'
    return {a == b, a[1], c[1], d[1]}
    """
    assert value(source, folder=tmp_path) == [True, 1, 2, 3]


def test_the_standard_libraries_can_be_required() -> None:
    assert value("return require('string') == string and require('_G') == _G and require('math').pi > 3") is True


def test_modules_that_require_one_another_in_a_circle_are_an_error(tmp_path: Path) -> None:
    files(tmp_path, {"a.lua": "return require 'b'", "b.lua": "return require 'a'", "self.lua": "return require 'self'"})
    for name in ("a", "self"):
        kind, message, _ = error(f"require '{name}'", folder=tmp_path)
        assert (kind, message) == ("validation", f"module {name} requires itself, directly or through another")
    # and an error leaves nothing half loaded
    source = "pcall(require, 'a') local _, e = pcall(require, 'b') return e.message"
    assert "module b requires itself" in value(source, folder=tmp_path)


def test_branches_that_require_the_same_module_wait_for_one_load(tmp_path: Path) -> None:
    files(tmp_path, {"slow.lua": "LOADS = (LOADS or 0) + 1 sleep(0.05) return {}"})
    source = """
    local function load() return require 'slow' end
    local r = parallel{load, load, load, function() sleep(0.02) return load() end}
    return {LOADS, r[1] == r[2] and r[2] == r[3] and r[3] == r[4]}
    """
    assert value(source, folder=tmp_path) == [1, True]


def test_a_circle_across_branches_is_an_error_and_no_hang(tmp_path: Path) -> None:
    files(tmp_path, {"x.lua": "sleep(0.01) return require 'y'", "y.lua": "sleep(0.01) return require 'x'"})
    source = """
    local fine, e = pcall(parallel, {function() return require 'x' end, function() return require 'y' end})
    return {fine, e.kind, e.message}
    """
    fine, kind, message = value(source, folder=tmp_path)
    assert (fine, kind) == (False, "validation")
    assert "requires itself, directly or through another" in message


def test_a_module_that_fails_in_one_branch_is_tried_again_by_the_next(tmp_path: Path) -> None:
    files(
        tmp_path,
        {"flaky.lua": "sleep(0.01) TRIES = (TRIES or 0) + 1 if TRIES == 1 then error('first') end return TRIES"},
    )
    source = """
    local function try() return pcall(require, 'flaky') end
    local r = parallel{try, function() return select(2, pcall(require, 'flaky')) end}
    return {r[1], r[2]}
    """
    assert value(source, folder=tmp_path) == [False, 2]


def test_a_module_required_in_a_coroutine_of_the_script_is_loaded(tmp_path: Path) -> None:
    files(tmp_path, {"m.lua": "return 'm'", "yields.lua": "coroutine.yield(1) return 'late'"})
    source = """
    local first = coroutine.wrap(function() return require 'm' end)()
    local co = coroutine.wrap(function() return require 'yields' end)
    local yielded = co()
    local _, e = pcall(require, 'yields')
    return {first, yielded, e.message, co(), require 'yields'}
    """
    assert value(source, folder=tmp_path) == [
        "m", 1, "module yields requires itself, directly or through another", "late", "late",
    ]  # fmt: skip


def test_a_module_that_does_not_parse_gives_its_position_and_never_its_text(tmp_path: Path) -> None:
    files(tmp_path, {"key.lua": "\n\nSECRET-hunter2 = 'x", "binary.lua": b"\x1bLua\x54\x00hunter2"})
    for name, line in (("key", "3"), ("binary", "")):
        outcome = spell(f"require '{name}'", folder=tmp_path)
        assert outcome.error is not None
        assert outcome.error.message.startswith(f"module {name}.lua does not parse: line {line}")
        assert "hunter2" not in str(outcome)
        assert "SECRET" not in str(outcome)


OUTSIDE = [
    "dofile('.env')", "dofile('.hidden.lua')", "dofile('.git/config.lua')", "dofile('../outside.lua')",
    "dofile('a/../../outside.lua')", "dofile('/etc/passwd')", "dofile('/tmp/x.lua')", "dofile('link.lua')",
    "dofile('linked/inside.lua')", "dofile('pipe.lua')", "dofile('folder.lua')", "dofile('data.txt')", "dofile('')",
    r"dofile('a\0.lua')", r"dofile('a\n.lua')", "dofile('a//b.lua')", "dofile('one.lua/x.lua')", "require('link')",
    "require('linked.inside')", "require('pipe')", "require('..outside')", "require('.env')", "require('')",
    "require('/etc/passwd')", "dofile(string.rep('a/', 600) .. 'x.lua')", "dofile('~/x.lua/.lua')",
]  # fmt: skip


@pytest.mark.parametrize("source", OUTSIDE)
def test_what_is_no_module_beside_the_script_is_refused_and_the_verdict_is_denied(source: str, tmp_path: Path) -> None:
    outside = files(tmp_path, {"outside.lua": "return 'leaked'", "real/inside.lua": "return 'leaked'"})
    folder = files(tmp_path / "spells", {
        ".env": "KEY='leaked'", ".hidden.lua": "return 'leaked'", ".git/config.lua": "return 'leaked'",
        "data.txt": "return 'leaked'", "one.lua": "return 1", "folder.lua/x": "", "a/b.lua": "return 1",
    })  # fmt: skip
    (folder / "link.lua").symlink_to(outside / "outside.lua")
    (folder / "linked").symlink_to(outside / "real")
    os.mkfifo(folder / "pipe.lua")
    outcome = spell(f"return {source}", folder=folder)
    assert outcome.verdict is Verdict.DENIED, outcome.error
    assert outcome.error is not None
    assert outcome.error.kind == "denied"
    assert "leaked" not in str(outcome)


def test_a_link_inside_the_folder_is_refused_too(tmp_path: Path) -> None:
    folder = files(tmp_path, {"real.lua": "return 1"})
    (folder / "alias.lua").symlink_to("real.lua")
    assert spell("require 'alias'", folder=folder).verdict is Verdict.DENIED


def test_a_module_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    kind, message, line = error("\nrequire 'util.text'", folder=tmp_path)
    assert (kind, line) == ("not_found", 2)
    assert "'util/text.lua'" in message
    assert "'util/text/init.lua'" in message


def test_a_script_without_a_folder_or_a_grant_loads_nothing(tmp_path: Path) -> None:
    files(tmp_path, {"m.lua": "return 1"})
    assert spell("require 'm'").verdict is Verdict.DENIED
    assert spell("require 'm'", folder=tmp_path, policy=Policy()).verdict is Verdict.DENIED


@pytest.mark.parametrize("call", ["require(nil)", "require({})", "require()", "dofile()", "dofile(5)"])
def test_a_module_name_that_is_no_text_is_an_error_of_the_script(call: str) -> None:
    kind, message, line = error(f"\n{call}")
    assert kind == "runtime"
    assert "string expected" in message
    assert line == 2


def test_package_path_says_where_modules_lie(tmp_path: Path) -> None:
    files(tmp_path, {"lib/one.lua": "return 'one'", "lib/deep/two.lua": "return 'two'", "a%1.lua": "return 'odd'"})
    source = """
    package.path = "/usr/share/lua/5.4/?.lua;../?.lua;./lib/?.lua;x/?.so;" .. package.path
    local refused = select(2, pcall(require, 'nowhere'))
    package.path = false
    local broken = select(2, pcall(require, 'other'))
    package.path = "./?.lua;lib/?.lua"
    return {require('one'), require('deep.two'), require('a%1'), tostring(refused), broken}
    """
    one, two, odd, refused, broken = value(source, folder=tmp_path)
    assert (one, two, odd) == ("one", "two", "odd")
    assert "looked for 'lib/nowhere.lua', 'nowhere.lua', 'nowhere/init.lua'" in refused
    assert "'package.path' must be a string" in broken


def test_require_takes_what_is_preloaded_and_tells_where_a_module_was(tmp_path: Path) -> None:
    files(tmp_path, {"m.lua": "return ..."})
    source = """
    package.preload.given = function(name, from) return name .. from end
    local m, at = require('m')
    return {require('given'), m, at, select('#', require('m')), package.loaded.package == package}
    """
    assert value(source, folder=tmp_path) == ["given:preload:", "m", "m.lua", 1, True]


def test_loadfile_gives_a_function_or_says_why_there_is_none(tmp_path: Path) -> None:
    files(tmp_path, {"c.lua": "x = 1 return ...", "bad.lua": "x x"})
    source = """
    local own = {}
    local run = loadfile('c.lua', 't', own)
    local none, why = loadfile('d.lua')
    return {run(7), own.x, x == nil, none == nil, why, select(2, loadfile('bad.lua'))}
    """
    assert value(source, folder=tmp_path) == [
        7, 1, True, True, "module 'd.lua' is not beside the script (looked for 'd.lua')",
        "module bad.lua does not parse: line 1",
    ]  # fmt: skip
