"""Scripts are found where they were asked for, each once, and nothing in a tree stops the search or leads out of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from llmspell.engines.factory import EngineFactory
from llmspell.errors import UsageError
from llmspell.validate.discovery import Discovery
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell

ALLOWED = 1000


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def search(*paths: str, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Discovery:
    return Discovery(paths, factory=EngineFactory(), allowed=ALLOWED, include=include, exclude=exclude)


def names(*paths: str, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> list[str]:
    search_for = search(*paths, include=include, exclude=exclude)
    ahead = len(list(search_for.ahead()))
    found = [one.path for one in search_for]
    assert ahead == len(found), "a bar shows as many as there will be"
    return found


def only(*paths: str) -> Spell | Result:
    (one,) = search(*paths)
    return one


def test_a_folder_gives_its_scripts_by_suffix_and_in_order(here: Path) -> None:
    write(here, {"b.lua": "x", "a.js": "x", "c.py": "x", "d.mjs": "x", "notes.txt": "x", "in/e.lua": "x"})
    found = list(search("."))
    assert [one.path for one in found] == ["a.js", "b.lua", "c.py", "d.mjs", "in/e.lua"]
    assert [one.engine for one in found] == ["javascript", "lua", "python", "javascript", "lua"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*.lua", ["a.lua"]),
        ("in/*", ["in/b.lua", "in/b.py"]),
        ("**/*.lua", ["a.lua", "in/b.lua", "in/deep/c.lua"]),
        ("in/**/c.*", ["in/deep/c.lua"]),
        ("[ab].lua", ["a.lua"]),
    ],
    ids=["here", "in-a-folder", "everywhere", "below-a-folder", "class"],
)
def test_a_glob_gives_what_it_means(here: Path, pattern: str, wanted: list[str]) -> None:
    write(here, {"a.lua": "x", "in/b.lua": "x", "in/b.py": "x", "in/deep/c.lua": "x"})
    assert names(pattern) == wanted


def test_a_file_that_has_the_name_of_a_glob_is_that_file(here: Path) -> None:
    write(here, {"a[1].lua": "x", "a1.lua": "x"})
    assert names("a[1].lua") == ["a[1].lua"]


def test_what_was_typed_is_a_script_whatever_its_name_is(here: Path) -> None:
    write(here, {"tool": "#!/usr/bin/env node\nlet x", "plain": "x", ".hidden/a.lua": "x"})
    found = list(search("tool", "plain", ".hidden"))
    assert [(one.path, one.engine) for one in found] == [
        ("tool", "javascript"),
        ("plain", "lua"),
        (".hidden/a.lua", "lua"),
    ]


def test_folders_that_nobody_wrote_are_left_out_and_told(here: Path) -> None:
    write(
        here,
        {name + "/x.lua": "x" for name in (".git", "node_modules", "own/__pycache__", "env/lib", "spells")}
        | {"env/pyvenv.cfg": "", "env/bin/python": "", ".gitignore": "spells/"},
    )
    found = search(".")
    assert [one.path for one in found] == ["spells/x.lua"]
    assert dict(found.skipped) == {".git": 1, "node_modules": 1, "__pycache__": 1, "env": 1}


def test_globs_choose_among_the_scripts_of_a_folder(here: Path) -> None:
    write(here, {"a.lua": "x", "b.lua": "x", "old/c.lua": "x"})
    assert names(".", exclude=["old/**"]) == ["a.lua", "b.lua"]
    assert names(".", include=["**/c.*", "a.*"]) == ["a.lua", "old/c.lua"]


def test_a_script_that_was_named_twice_is_given_once(here: Path) -> None:
    write(here, {"in/a.lua": "x"})
    assert names("in/a.lua", "./in/../in/a.lua", ".", "in", "**/*.lua", str(here / "in/a.lua")) == ["in/a.lua"]


def test_a_path_that_is_not_there_is_an_error_before_anything_is_read(here: Path) -> None:
    write(here, {"a.lua": "x"})
    with pytest.raises(UsageError, match="'gone' is not there"):
        search("a.lua", "gone")


def test_no_link_leads_out_of_a_tree_and_none_into_a_loop(here: Path) -> None:
    write(here, {"outside/secret.lua": "x", "tree/a.lua": "x", "tree/in/b.lua": "x"})
    for name, target in {
        "out.lua": "../outside/secret.lua",
        "folder": "../outside",
        "loop.lua": "loop.lua",
        "up": "..",
        "in/again.lua": "../a.lua",
        "gone.lua": "nowhere.lua",
        "system.lua": "/etc/passwd",
    }.items():
        (here / "tree" / name).symlink_to(target)
    found = list(search("tree"))
    assert [one.path for one in found if isinstance(one, Spell)] == ["tree/a.lua", "tree/in/b.lua"]
    refused = [one for one in found if isinstance(one, Result)]
    assert [one.path for one in refused] == [
        f"tree/{name}" for name in ("folder", "gone.lua", "loop.lua", "out.lua", "system.lua", "up")
    ]
    assert {(one.status, one.findings[0].rule, one.source) for one in refused} == {
        (Status.UNCHECKED, "unreadable", None)
    }


def test_a_link_that_was_typed_is_followed(here: Path) -> None:
    write(here, {"real.lua": "return 1"})
    (here / "named.lua").symlink_to("real.lua")
    one = only("named.lua")
    assert isinstance(one, Spell)
    assert (one.path, one.source) == ("named.lua", b"return 1")


def test_what_is_no_regular_file_is_a_result_of_its_own(here: Path) -> None:
    os.mkfifo(here / "pipe.lua")
    (here / "folder.lua").mkdir()
    write(here, {"a.lua": "x", "folder.lua/b.lua": "x"})
    found = list(search("."))
    assert [(one.path, type(one)) for one in found] == [
        ("a.lua", Spell),
        ("pipe.lua", Result),
        ("folder.lua/b.lua", Spell),
    ]


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/proc/self/status"), reason="root reads everything")
def test_what_cannot_be_read_is_told_and_the_rest_is_given(here: Path) -> None:
    write(here, {"a.lua": "x", "long" + "x" * 200 + ".lua": "x"})
    (here / "deep").mkdir()
    deepest = here / "deep"
    for _ in range(70):
        deepest = deepest / "d"
        deepest.mkdir()
    write(deepest, {"b.lua": "x"})
    found = list(search("."))
    assert [type(one) for one in found] == [Spell, Spell, Result]
    assert "64 folders deep" in found[2].findings[0].message


def test_a_script_that_is_too_large_has_failed_and_is_not_held(here: Path) -> None:
    write(here, {"large.lua": b"-" * (10 << 20), "edge.lua": b"-" * ALLOWED})
    edge, large = search(".")
    assert isinstance(edge, Spell)
    assert isinstance(large, Result)
    assert (large.status, large.findings[0].rule) == (Status.FAILED, "too-large")


def test_names_that_would_forge_a_line_are_shown_escaped(here: Path) -> None:
    write(here, {"a\n::error::b\x1b[31m.lua": "x"})
    (here / os.fsdecode(b"not-\xff-text.lua")).write_text("x")
    assert names(".") == ["a\\n::error::b\\x1b[31m.lua", "not-\\xff-text.lua"]


def test_what_stands_beside_a_script_comes_with_it(here: Path) -> None:
    write(
        here,
        {
            "a.lua": "x",
            "a.expect.toml": "one",
            "a.cassette.jsonl": "two",
            "b.js": "x",
            "b.expect.toml": "other",
            "b.js.expect.toml": "own",
        },
    )
    first, second = search(".")
    assert isinstance(first, Spell)
    assert isinstance(second, Spell)
    assert (first.expectation, first.cassette, first.expectation_path) == (b"one", b"two", "a.expect.toml")
    assert (second.expectation, second.cassette, second.expectation_path) == (b"own", None, "b.js.expect.toml")


def test_what_stands_beside_a_script_and_cannot_be_read_is_a_finding(here: Path) -> None:
    write(here, {"a.lua": "x", "secret.toml": "x", "b.lua": "x", "b.expect.toml": b"#" * (300 * 1024)})
    (here / "a.expect.toml").symlink_to("secret.toml")
    found = [one for one in search(".") if isinstance(one, Spell)]
    assert [one.expectation for one in found] == [None, None]
    assert [one.findings[0].rule for one in found] == ["unreadable", "unreadable"]


def test_modules_that_are_named_come_with_the_script_and_no_others(here: Path) -> None:
    write(
        here,
        {
            "spells/main.lua": "require 'lib.text' dofile('other.lua') require '../../outside' require '.hidden.x'",
            "spells/lib/text/init.lua": "require 'lib.inner'",
            "spells/lib/inner.lua": "x",
            "spells/lib/unnamed.lua": "x",
            "spells/other.lua": "x",
            "spells/.hidden/x.lua": "x",
            "outside.lua": "x",
        },
    )
    (here / "spells/lib/link.lua").symlink_to("../../outside.lua")
    one = only("spells/main.lua")
    assert isinstance(one, Spell)
    assert sorted(one.modules) == ["lib/inner.lua", "lib/text/init.lua", "other.lua"]


@pytest.mark.parametrize(
    ("script", "source"),
    [
        ("main.lua", "local path = 'lib.' .. name require(path)"),
        ("main.lua", "local path = ('lib.%s'):format(name) require(path)"),
        ("main.js", "const path = `./lib/${name}.js`;\nawait load(path);"),
        ("main.py", "path = f'lib.{name}'\nload(path)"),
    ],
    ids=["joined", "formatted", "template", "f-string"],
)
def test_a_folder_from_which_modules_are_taken_by_a_name_that_is_filled_in_comes_whole(
    here: Path, script: str, source: str
) -> None:
    suffix = Path(script).suffix
    write(here, {script: source, f"lib/one{suffix}": "x", f"lib/two{suffix}": "x", f"other/three{suffix}": "x"})
    one = only(script)
    assert isinstance(one, Spell)
    assert sorted(one.modules) == [f"lib/one{suffix}", f"lib/two{suffix}"]


def test_a_module_is_given_what_it_names_from_a_folder_further_up_but_not_from_outside(here: Path) -> None:
    write(here, {"tree/lib/a.lua": "require 'lib.b' require 'out'", "tree/lib/b.lua": "x", "out.lua": "x"})
    found = {one.path: one for one in search("tree")}
    module = found["tree/lib/a.lua"]
    assert isinstance(module, Spell)
    assert sorted(module.modules) == ["../lib/b.lua"]


def test_a_source_that_names_everything_brings_a_bounded_number_of_modules(here: Path) -> None:
    write(here, {f"m{number}.lua": "x" for number in range(150)})
    write(here, {"main.lua": "".join(f"'m{n}'" for n in range(150))})
    one = only("main.lua")
    assert isinstance(one, Spell)
    assert len(one.modules) == 100


def test_scripts_are_read_one_at_a_time(here: Path) -> None:
    write(here, {f"{number}.lua": "x" for number in range(5)})
    found = iter(search("."))
    assert next(found).path == "0.lua"
    (here / "1.lua").unlink()
    assert [type(one) for one in found] == [Result, Spell, Spell, Spell]
