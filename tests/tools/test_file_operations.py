"""The tool `file-operations`: each operation, and that nothing outside the granted folders can be touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import ErrorKind
from llmspell.tools import file_facts
from llmspell.tools.check import check_parameters
from llmspell.tools.file_operations import FileOperations
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]
TOOL = "file-operations"


def test_read(call: Call, room: Path, grants: ToolGrants) -> None:
    path = str(room / "a.txt")
    done = call(TOOL, operation="read", path=path, grants=grants)
    assert done["result"] == {"input": "héllo", "size": 6, "file_path": path}
    assert done["text"] == "héllo"
    (room / "b").write_bytes(b"\xff")
    done = call(TOOL, operation="read", file_path=str(room / "b"), grants=grants)
    assert done["result"]["input"] == b"\xff"


@pytest.mark.parametrize("older", ["input", "content", "text", "data"])
def test_write_is_atomic_and_keeps_permissions(call: Call, room: Path, grants: ToolGrants, older: str) -> None:
    file = room / "a.txt"
    file.chmod(0o600)
    inode = file.stat().st_ino
    done = call(TOOL, operation="write", path=str(file), grants=grants, **{older: "new"})
    assert done["result"] == {"file_path": str(file), "file_size": 3}
    assert file.read_text() == "new"
    assert file.stat().st_ino != inode
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(os.listdir(room)) == ["a.txt", "sub"]


def test_write_and_append_make_files(call: Call, room: Path, grants: ToolGrants) -> None:
    file = room / "sub" / "new"
    call(TOOL, operation="append", path=str(file), input="1", grants=grants)
    done = call(TOOL, operation="append", path=str(file), input=b"2\xff", grants=grants)
    assert done["result"] == {"appended_size": 2, "file_path": str(file), "file_size": 3}
    assert file.read_bytes() == b"12\xff"
    call(TOOL, operation="write", path=str(room / "other"), input="", grants=grants)
    assert (room / "other").read_bytes() == b""


def test_relative_paths_start_at_the_folder(room: Path, grants: ToolGrants) -> None:
    tool = FileOperations(folder=str(room / "sub"))
    done = tool.execute(check_parameters(tool, {"operation": "read", "path": "../a.txt"}), grants)
    assert done["text"] == "héllo"


def test_delete(call: Call, refused: Refusal, room: Path, grants: ToolGrants) -> None:
    call(TOOL, operation="delete", path=str(room / "a.txt"), grants=grants)
    assert not (room / "a.txt").exists()
    (room / "link").symlink_to(room.parent / "secret")
    call(TOOL, operation="delete", path=str(room / "link"), grants=grants)
    assert (room.parent / "secret").read_text() == "key"
    assert "is a folder" in refused(TOOL, operation="delete", path=str(room / "sub"), grants=grants)
    assert "is a folder" in refused(TOOL, operation="delete", path=str(room), grants=grants)
    gone = str(room / "gone")
    assert "does not exist" in refused(TOOL, operation="delete", path=gone, grants=grants, kind=ErrorKind.NOT_FOUND)


@pytest.mark.parametrize("operation", ["create_dir", "mkdir"])
def test_create_dir(call: Call, refused: Refusal, room: Path, grants: ToolGrants, operation: str) -> None:
    call(TOOL, operation=operation, path=str(room / "x"), grants=grants)
    call(TOOL, operation=operation, path=str(room / "x"), grants=grants)
    assert (room / "x").is_dir()
    deep = str(room / "y" / "z")
    refused(TOOL, operation=operation, path=deep, grants=grants, kind=ErrorKind.NOT_FOUND)
    done = call(TOOL, operation=operation, path=deep, recursive=True, grants=grants)
    assert done["result"] == {"recursive": True, "file_path": deep}
    assert "is no folder" in refused(TOOL, operation=operation, path=str(room / "a.txt"), grants=grants)


@pytest.mark.parametrize("operation", ["list_dir", "ls", "dir", "list"])
def test_list_dir(call: Call, refused: Refusal, room: Path, grants: ToolGrants, operation: str) -> None:
    (room / "link").symlink_to("/etc/passwd")
    os.mkfifo(room / "pipe")
    Path(os.fsdecode(os.fsencode(room) + b"/\xff")).touch()
    done = call(TOOL, operation=operation, path=str(room), grants=grants)["result"]
    assert [(entry["name"], entry["type"]) for entry in done["entries"]] == [
        ("a.txt", "file"),
        ("link", "symlink"),
        ("pipe", "unknown"),
        ("sub", "directory"),
        (b"\xff", "file"),
    ]
    assert done["entries"][0]["size"] == 6
    assert done["entries"][0]["path"] == str(room / "a.txt")
    assert done["entries"][0]["modified"].endswith("+00:00")
    assert (done["count"], done["truncated"]) == (5, False)
    for name, kind in (("a.txt", ErrorKind.TOOL), ("link", ErrorKind.DENIED), ("gone", ErrorKind.NOT_FOUND)):
        refused(TOOL, operation=operation, path=str(room / name), grants=grants, kind=kind)


def test_list_is_bounded(call: Call, room: Path, grants: ToolGrants) -> None:
    for number in range(4000):
        (room / "sub" / f"{number:04}{'x' * 100}").touch()
    done = call(TOOL, operation="list_dir", path=str(room / "sub"), grants=grants)["result"]
    assert done["truncated"] is True
    assert 0 < done["count"] < file_facts.MOST_ENTRIES


@pytest.mark.parametrize("operation", ["copy", "cp"])
def test_copy(call: Call, room: Path, grants: ToolGrants, operation: str) -> None:
    big = os.urandom(2_500_000)
    (room / "big").write_bytes(big)
    source, target = str(room / "big"), str(room / "sub" / "copy")
    done = call(TOOL, operation=operation, source_path=source, target_path=target, grants=grants)
    assert done["result"] == {"source": source, "target": target}
    assert (room / "sub" / "copy").read_bytes() == big


@pytest.mark.parametrize("operation", ["move", "mv", "rename"])
def test_move(call: Call, refused: Refusal, room: Path, grants: ToolGrants, operation: str) -> None:
    source, target = str(room / "a.txt"), str(room / "sub" / "b.txt")
    (room / "sub" / "b.txt").write_text("old")
    call(TOOL, operation=operation, from_path=source, to_path=target, grants=grants)
    assert (room / "sub" / "b.txt").read_text() == "héllo"
    assert not (room / "a.txt").exists()
    call(TOOL, operation=operation, source=str(room / "sub"), target=str(room / "moved"), grants=grants)
    assert (room / "moved" / "b.txt").exists()
    said = refused(TOOL, operation=operation, source=str(room), target=str(room / "x"), grants=grants)
    assert "cannot be moved" in said
    gone = str(room / "gone")
    said = refused(TOOL, operation=operation, source=gone, target=source, grants=grants, kind=ErrorKind.NOT_FOUND)
    assert f"{gone} does not exist" in said


def test_move_needs_both_grants_where_it_takes_from(refused: Refusal, room: Path) -> None:
    for read, write in (((), (str(room),)), ((str(room),), ())):
        refused(
            TOOL,
            operation="move",
            source=str(room / "a.txt"),
            target=str(room / "b"),
            grants=ToolGrants(read=read, write=write),
            kind=ErrorKind.DENIED,
        )
    assert (room / "a.txt").exists()


@pytest.mark.parametrize("operation", ["metadata", "stat", "info"])
def test_metadata(call: Call, refused: Refusal, room: Path, grants: ToolGrants, operation: str) -> None:
    (room / "a.txt").chmod(0o444)
    done = call(TOOL, operation=operation, path=str(room / "a.txt"), grants=grants)["result"]
    assert set(done) == {"path", "type", "size", "readonly", "created", "modified", "accessed"}
    assert (done["type"], done["size"], done["readonly"]) == ("file", 6, True)
    assert call(TOOL, operation=operation, path=str(room), grants=grants)["result"]["type"] == "directory"
    refused(TOOL, operation=operation, path=str(room / "no"), grants=grants, kind=ErrorKind.NOT_FOUND)


def test_a_date_that_no_calendar_has_is_none() -> None:
    assert file_facts._date(1e18) is None


def test_exists(call: Call, refused: Refusal, room: Path, grants: ToolGrants) -> None:
    assert call(TOOL, operation="exists", path=str(room / "a.txt"), grants=grants)["result"]["exists"] is True
    for gone in ("b.txt", "b/c/d", "a.txt/x"):
        done = call(TOOL, operation="exists", path=str(room / gone), grants=grants)
        assert done["result"]["exists"] is False
    secret = str(room.parent / "secret")
    refused(TOOL, operation="exists", path=secret, grants=grants, kind=ErrorKind.DENIED)
    (room / "link").symlink_to(room.parent)
    below = str(room / "link" / "secret")
    refused(TOOL, operation="exists", path=below, grants=grants, kind=ErrorKind.DENIED)


def test_a_single_file_can_be_granted(call: Call, refused: Refusal, room: Path) -> None:
    file = str(room / "a.txt")
    one = ToolGrants(read=(file,), write=(file,))
    call(TOOL, operation="write", path=file, input="x", grants=one)
    assert call(TOOL, operation="read", path=file, grants=one)["text"] == "x"
    refused(TOOL, operation="read", path=str(room / "b"), grants=one, kind=ErrorKind.DENIED)
    refused(TOOL, operation="read", path=file + "/x", grants=one, kind=ErrorKind.NOT_FOUND)


def test_a_grant_may_be_spelled_through_a_link(call: Call, room: Path) -> None:
    alias = room.parent / "alias"
    alias.symlink_to(room)
    done = ToolGrants(read=(str(alias),))
    assert call(TOOL, operation="read", path=str(alias / "a.txt"), grants=done)["text"] == "héllo"
    assert call(TOOL, operation="read", path=str(room / "a.txt"), grants=done)["text"] == "héllo"
    assert call(TOOL, operation="ls", path=str(alias), grants=done)["result"]["count"] == 2
