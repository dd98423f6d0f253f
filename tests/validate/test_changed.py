"""Spells that are not what they were at a revision; and a repository that asks for it executes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmspell.errors import UsageError
from llmspell.validate.changed import Since, only_changed
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell
from tests.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]

SUFFIXES = (".lua",)


def git(*arguments: str, folder: Path) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit, as its files."""
    folder = tmp_path_factory.mktemp("original")
    git("init", "-q", "-b", "main", folder=folder)
    git("config", "user.name", "Ada", folder=folder)
    git("config", "user.email", "ada@example.com", folder=folder)
    write(
        folder, a_lua="return 1", b_lua="return require('lib.text')", lib__text_lua="return 2",
        a_cassette_jsonl="{}", b_lua_expect_toml="value = 2", sub__c_lua="return 3",
    )  # fmt: skip
    git("add", ".", folder=folder)
    git("commit", "-q", "-m", "first", folder=folder)
    return folder


@pytest.fixture
def tree(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tree"
    subprocess.run(["cp", "-r", original, folder], check=True)
    monkeypatch.chdir(folder)
    return folder


def spells() -> Iterator[Spell]:
    """The spells of the working directory, each with what stands beside it."""
    for path in sorted(Path().rglob("*.lua")):
        if path.parent.name == "lib":
            continue
        source = path.read_bytes()
        modules = {"lib/text.lua": Path("lib/text.lua")} if b"lib.text" in source else {}
        cassette, expectation = (
            next((name.read_bytes() for name in (Path(f"{path}{end}"), path.with_suffix(end)) if name.exists()), None)
            for end in (".cassette.jsonl", ".expect.toml")
        )
        found = {name: file.read_bytes() for name, file in modules.items() if file.exists()}
        yield Spell(str(path), "lua", source, found, cassette, expectation)


def changed(revision: str = "HEAD") -> list[str]:
    return [one.path for one in only_changed(spells(), Since(revision, suffixes=SUFFIXES))]


@pytest.mark.usefixtures("tree")
def test_nothing_has_changed_in_a_fresh_tree() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("a.lua", ["a.lua"]),
        ("sub/c.lua", ["sub/c.lua"]),
        ("lib/text.lua", ["b.lua"]),
        ("a.cassette.jsonl", ["a.lua"]),
        ("b.lua.expect.toml", ["b.lua"]),
        ("new.lua", ["new.lua"]),
        ("sub/c.expect.toml", ["sub/c.lua"]),
    ],
    ids=["script", "below", "module", "cassette", "expectation", "untracked", "new-expectation"],
)
def test_what_was_written_is_chosen_staged_or_not(tree: Path, name: str, chosen: list[str]) -> None:
    (tree / name).write_text("-- other")
    assert changed() == chosen
    git("add", ".", folder=tree)
    assert changed() == chosen
    git("commit", "-q", "-m", "second", folder=tree)
    assert changed() == []
    assert changed("HEAD~1") == chosen


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("lib/text.lua", ["b.lua"]), ("a.cassette.jsonl", ["a.lua"]), ("b.lua.expect.toml", ["b.lua"]), ("a.lua", [])],
    ids=["module", "cassette", "expectation", "script"],
)
def test_a_spell_whose_parts_are_gone_is_chosen(tree: Path, name: str, chosen: list[str]) -> None:
    (tree / name).unlink()
    assert changed() == chosen


def test_a_renamed_script_is_chosen(tree: Path) -> None:
    git("mv", "a.lua", "z.lua", folder=tree)
    git("mv", "a.cassette.jsonl", "z.cassette.jsonl", folder=tree)
    assert changed() == ["z.lua"]


def test_paths_are_told_apart_from_a_folder_below(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "sub")
    assert changed() == []
    Path("c.lua").write_text("-- other")
    assert changed() == ["c.lua"]


def test_a_revision_on_another_branch_is_compared_as_it_is(tree: Path) -> None:
    git("checkout", "-q", "-b", "side", folder=tree)
    write(tree, a_lua="return 9")
    git("commit", "-q", "-a", "-m", "side", folder=tree)
    assert changed("main") == ["a.lua"]


def test_names_that_are_shown_alike_count_as_changed(tree: Path) -> None:
    tabbed = Path("t\ta.lua")
    tabbed.write_text("return 1")
    Path("t\\ta.lua").write_text("return 2")
    git("add", ".", folder=tree)
    git("commit", "-q", "-m", "second", folder=tree)
    since = Since("HEAD", suffixes=SUFFIXES)
    assert since.changed(Spell("t\\ta.lua", "lua", b"return 1"))
    assert since.changed(Spell("t\\ta.lua", "lua", b"return 2"))


@pytest.mark.usefixtures("tree")
def test_what_could_not_be_read_is_handed_on() -> None:
    unread = Result("x.lua", Status.UNCHECKED)
    assert list(only_changed([unread], Since("HEAD", suffixes=SUFFIXES))) == [unread]


def test_no_repository_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        Since("HEAD", suffixes=SUFFIXES, folder=str(tmp_path))


def test_no_git_is_a_clear_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tree}/nothing")
    with pytest.raises(UsageError, match="there is no git in PATH"):
        Since("HEAD", suffixes=SUFFIXES)


def test_a_git_that_lies_in_the_tree_is_not_run(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tree / "git"
    fake.write_text("#!/bin/sh\ntouch executed\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    assert changed() == []
    assert not (tree / "executed").exists()


@pytest.mark.parametrize(
    "revision", ["nowhere", "HEAD~9", "", "--output=executed", "a\0b", "HEAD:a.lua", "x" * 600],
    ids=["unknown", "too-far", "empty", "option", "zero-byte", "file", "long"],
)  # fmt: skip
def test_what_is_no_revision_is_a_clear_error(tree: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="no revision"):
        Since(revision, suffixes=SUFFIXES)
    assert not (tree / "executed").exists()


HOSTILE = """
[core]
    fsmonitor = {run}
    hooksPath = {folder}
    sshCommand = {run}
    pager = {run}
    editor = {run}
    askPass = {run}
    gitProxy = {run}
    attributesFile = {folder}/attributes
[pager]
    ls-tree = {run}
    rev-parse = {run}
[alias]
    ls-tree = !{run}
    rev-parse = !{run}
[filter "x"]
    clean = {run}
    smudge = {run}
    process = {run}
    required = true
[diff "x"]
    textconv = {run}
    command = {run}
[diff]
    external = {run}
[credential]
    helper = !{run}
[extensions]
    partialClone = origin
[remote "origin"]
    url = ext::{run}
    promisor = true
    uploadpack = {run}
[protocol]
    allow = always
"""


def _arm(tree: Path) -> Path:
    """Has the repository's own configuration execute a program wherever git lets it; gives what that would write."""
    proof, run = tree.parent / "executed", tree.parent / "run"
    run.write_text(f'#!/bin/sh\necho "$0 $*" >> {proof}\n')
    run.chmod(0o755)
    hooks = tree.parent / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        (hooks / hook).symlink_to(run)
    (hooks / "attributes").write_text("* filter=x diff=x\n")
    (tree / ".gitattributes").write_text("* filter=x diff=x\n")
    with (tree / ".git/config").open("a") as file:
        file.write(HOSTILE.format(run=run, folder=hooks))
    return proof


def test_a_hostile_configuration_executes_nothing(tree: Path) -> None:
    proof = _arm(tree)
    write(tree, a_lua="return 7")
    assert changed() == ["a.lua"]
    assert not proof.exists()
    subprocess.run(["git", "status"], cwd=tree, capture_output=True, check=False)
    assert proof.exists(), "the trap works"


def test_objects_that_are_missing_are_not_fetched(tree: Path) -> None:
    proof = _arm(tree)
    listed = subprocess.run(["git", "rev-parse", "HEAD:sub"], cwd=tree, capture_output=True, text=True, check=True)
    missing = listed.stdout.strip()
    (tree / ".git/objects" / missing[:2] / missing[2:]).unlink()
    proof.unlink(missing_ok=True)
    with pytest.raises(UsageError, match="git does not say what has changed"):
        Since("HEAD", suffixes=SUFFIXES)
    assert not proof.exists()


def test_a_bare_repository_in_the_tree_is_not_believed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tree / "inner"
    inner.mkdir()
    git("init", "-q", "--bare", ".", folder=inner)
    monkeypatch.chdir(inner)
    with pytest.raises(UsageError, match="bare repository"):
        Since("HEAD", suffixes=SUFFIXES)


def test_replaced_objects_hide_no_change(tree: Path) -> None:
    write(tree, a_lua="return 9")
    git("commit", "-q", "-a", "-m", "second", folder=tree)
    git("replace", "HEAD~1", "HEAD", folder=tree)
    assert changed("HEAD~1") == ["a.lua"]


@pytest.mark.usefixtures("tree")
def test_variables_of_git_do_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert changed() == []


def test_contents_are_named_as_the_repository_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "-q", "--object-format=sha256", ".", folder=tmp_path)
    write(tmp_path, a_lua="return 1", b_lua="return 2")
    git("add", ".", folder=tmp_path)
    git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "first", folder=tmp_path)
    monkeypatch.chdir(tmp_path)
    write(tmp_path, a_lua="return 3")
    assert changed() == ["a.lua"]
