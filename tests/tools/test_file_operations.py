"""The tool `file-operations`: each operation, and that nothing outside the granted folders can be touched."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.tools import file_facts, granted_files
from llmspell.tools.check import check_parameters
from llmspell.tools.file_operations import READ_CAP, FileOperations
from llmspell.tools.granted_files import Asker, Place, chunks, locate, opened_file, read_file, write_file
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]
TOOL = "file-operations"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A granted folder `in` with a file, beside it a secret that nothing may reach."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("héllo")
    (tmp_path / "secret").write_text("key")
    (tmp_path / "out").mkdir()
    return tmp_path / "in"


@pytest.fixture
def grants(room: Path) -> ToolGrants:
    return ToolGrants(read=(str(room),), write=(str(room),))


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before


def test_read(call: Call, room: Path, grants: ToolGrants) -> None:
    path = str(room / "a.txt")
    done = call(TOOL, operation="read", path=path, grants=grants)
    assert done["result"] == {"input": "héllo", "size": 6, "file_path": path}
    assert done["text"] == "héllo"
    (room / "b").write_bytes(b"\xff")
    done = call(TOOL, operation="read", file_path=str(room / "b"), grants=grants)
    assert done["result"]["input"] == b"\xff"


@pytest.mark.parametrize("older", ["input", "content", "text", "data"])
def test_write_is_atomic_and_keeps_permissions(
    call: Call, room: Path, grants: ToolGrants, older: str
) -> None:
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
    assert "does not exist" in refused(
        TOOL, operation="delete", path=gone, grants=grants, kind=ErrorKind.NOT_FOUND
    )


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
    refused(TOOL, operation=operation, source=gone, target=source, grants=grants, kind=ErrorKind.NOT_FOUND)


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


@pytest.mark.parametrize(
    "path", ["{}/../secret", "{}/sub/../../secret", "/etc/passwd", "//etc/passwd", "{}x"]
)
@pytest.mark.parametrize("operation", ["read", "write", "append", "delete", "list_dir", "metadata", "mkdir"])
def test_outside_is_refused_with_the_next_step(
    refused: Refusal, room: Path, grants: ToolGrants, path: str, operation: str
) -> None:
    said = refused(
        TOOL, operation=operation, path=path.format(room), input="x", grants=grants, kind=ErrorKind.DENIED
    )
    option = "--allow-read" if operation in ("read", "list_dir", "metadata") else "--allow-write"
    assert f"is not granted; grant it with {option} /" in said
    assert (room.parent / "secret").read_text() == "key"


@pytest.mark.parametrize("operation", ["read", "write", "append", "list_dir", "copy", "move"])
def test_links_are_not_followed(refused: Refusal, room: Path, grants: ToolGrants, operation: str) -> None:
    (room / "file").symlink_to(room.parent / "secret")
    (room / "folder").symlink_to(room.parent)
    (room / "again").symlink_to("sub")
    for path in ("file", "folder/secret", "again/x"):
        full = str(room / path)
        said = refused(
            TOOL,
            operation=operation,
            path=full,
            source_path=full,
            target_path=str(room / "new"),
            input="x",
            grants=grants,
            kind=ErrorKind.DENIED,
        )
        assert "symbolic link" in said
    if operation in ("copy", "move"):
        target = str(room / "file")
        source = str(room / "a.txt")
        refused(TOOL, operation=operation, source=source, target=target, grants=grants, kind=ErrorKind.DENIED)
    assert (room.parent / "secret").read_text() == "key"
    assert sorted(os.listdir(room.parent / "out")) == []


def test_a_folder_swapped_for_a_link_is_not_followed(room: Path) -> None:
    """The race: the place is found to be granted, and then the folder becomes a link."""
    asker = Asker(TOOL, str(room))
    place = locate(asker, str(room / "sub" / "new"), (str(room),), "--allow-write")
    (room / "sub").rmdir()
    (room / "sub").symlink_to(room.parent / "out")
    with pytest.raises(CallError, match="symbolic link") as caught:
        write_file(asker, place, (b"x",))
    assert caught.value.kind is ErrorKind.DENIED
    assert os.listdir(room.parent / "out") == []


@pytest.mark.parametrize("operation", ["read", "write", "append"])
def test_what_is_no_regular_file_is_refused(
    refused: Refusal, room: Path, grants: ToolGrants, operation: str
) -> None:
    os.mkfifo(room / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(room)  # the path of a socket is short
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
    for name in ("pipe", "socket"):
        said = refused(
            TOOL, operation=operation, path=str(room / name), input="x", grants=grants, kind=ErrorKind.DENIED
        )
        assert "is not a regular file" in said
    refused(TOOL, operation=operation, path=str(room / "sub"), input="x", grants=grants)
    devices = ToolGrants(read=("/dev",), write=("/dev",))
    refused(TOOL, operation=operation, path="/dev/zero", input="x", grants=devices, kind=ErrorKind.DENIED)


def test_the_process_file_system_is_never_granted(refused: Refusal) -> None:
    everything = ToolGrants(read=("/",), write=("/",))
    for operation, path in (
        ("read", "/proc/self/environ"),
        ("list_dir", "/proc/1"),
        ("read", "/proc/version"),
    ):
        refused(TOOL, operation=operation, path=path, grants=everything, kind=ErrorKind.DENIED)
    refused(
        TOOL, operation="append", path="/proc/1/comm", input="x", grants=everything, kind=ErrorKind.DENIED
    )


def test_the_root_can_be_granted_and_listed(call: Call, room: Path) -> None:
    everything = ToolGrants(read=("/",))
    assert call(TOOL, operation="list_dir", path="/", grants=everything)["result"]["count"] > 0
    assert call(TOOL, operation="read", path=str(room / "a.txt"), grants=everything)["text"] == "héllo"


def test_sizes_are_bounded(refused: Refusal, room: Path, grants: ToolGrants) -> None:
    with open(room / "big", "wb") as file:
        file.truncate(200 * 2**20)  # a hole: takes no space
    big = str(room / "big")
    assert "209,715,200 bytes, the most is 4,194,304" in refused(
        TOOL, operation="read", path=big, grants=grants
    )
    assert "the most is 104,857,600" in refused(TOOL, operation="append", path=big, input="x", grants=grants)
    target = str(room / "copy")
    assert "the most is 104,857,600" in refused(
        TOOL, operation="copy", source_path=big, target_path=target, grants=grants
    )
    assert "the input is" in refused(
        TOOL, operation="write", path=target, input="x" * (READ_CAP + 1), grants=grants
    )
    assert not (room / "copy").exists()


def test_a_file_that_grows_while_it_is_read_is_refused(room: Path) -> None:
    asker = Asker(TOOL, str(room))
    with opened_file(asker, "a.txt", (str(room),), cap=10) as descriptor:
        (room / "a.txt").write_text("x" * 100)
        with pytest.raises(CallError, match="the most is 10"):
            list(chunks(asker, "a.txt", descriptor, 10))


def test_a_failed_write_leaves_nothing(room: Path) -> None:
    asker = Asker(TOOL, str(room))

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(CallError, match="no space left on device") as caught:
        write_file(asker, locate(asker, "a.txt", (str(room),), "--allow-write"), broken())
    assert caught.value.kind is ErrorKind.TOOL
    assert (room / "a.txt").read_text() == "héllo"
    assert sorted(os.listdir(room)) == ["a.txt", "sub"]


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 4097, "\udcff", "/".join("x" * 70)])
def test_paths_that_cannot_be_meant(refused: Refusal, room: Path, path: str) -> None:
    refused(
        TOOL,
        operation="read",
        path=path if not path.startswith("x/") else f"{room}/{path}",
        grants=ToolGrants(read=(str(room),)),
    )


def test_missing_parameters_are_named(refused: Refusal) -> None:
    for operation in ("read", "write", "append", "delete", "create_dir", "list_dir", "metadata", "exists"):
        assert "needs the parameter 'path'" in refused(TOOL, operation=operation)
    assert "needs the parameter 'source_path'" in refused(TOOL, operation="copy")
    assert "needs the parameter 'target_path'" in refused(TOOL, operation="move", source="x")
    assert "needs the parameter 'input'" in refused(TOOL, operation="write", path="x")


def test_a_granted_folder_that_is_gone(refused: Refusal, room: Path) -> None:
    gone = str(room / "gone")
    refused(
        TOOL,
        operation="read",
        path=gone + "/x",
        grants=ToolGrants(read=(gone,)),
        kind=ErrorKind.NOT_FOUND,
    )


_names = st.sampled_from(["..", ".", "sub", "a.txt", "secret", "link", "in", "", "/", "out", "\0", "~", "*"])


@given(st.lists(_names, max_size=8).map("/".join), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_path_reads_the_secret(room: Path, path: str, absolute: bool) -> None:
    link = room / "link"
    if not link.is_symlink():
        link.symlink_to("..")
    asker = Asker(TOOL, str(room))
    try:
        content = read_file(asker, f"{room}/{path}" if absolute else path, (str(room),), cap=100)
    except CallError as error:
        assert error.kind in (ErrorKind.DENIED, ErrorKind.VALIDATION, ErrorKind.NOT_FOUND)
    else:
        assert content == "héllo".encode()


@given(st.text(max_size=50))
def test_a_located_path_is_always_below_a_grant(path: str) -> None:
    try:
        place = locate(Asker(TOOL, "/srv/granted/here"), path, ("/srv/granted",), "--allow-read")
    except CallError:
        return
    assert isinstance(place, Place)
    assert ".." not in place.parts
    assert place.path == "/".join(("/srv/granted", *place.parts))
    assert len(place.parts) <= granted_files.MOST_PARTS
