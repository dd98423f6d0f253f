"""Nothing outside the granted folders can be touched: traversal, links, races, devices, sizes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.tools import granted_files
from llmspell.tools.file_operations import READ_CAP
from llmspell.tools.granted_files import Asker, Place, chunks, locate, opened_file, read_file, write_file
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]
TOOL = "file-operations"


@pytest.mark.parametrize("path", ["{}/../secret", "{}/sub/../../secret", "/etc/passwd", "//etc/passwd", "{}x"])
@pytest.mark.parametrize("operation", ["read", "write", "append", "delete", "list_dir", "metadata", "mkdir"])
def test_outside_is_refused_with_the_next_step(
    refused: Refusal, room: Path, grants: ToolGrants, path: str, operation: str
) -> None:
    said = refused(TOOL, operation=operation, path=path.format(room), input="x", grants=grants, kind=ErrorKind.DENIED)
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
def test_what_is_no_regular_file_is_refused(refused: Refusal, room: Path, grants: ToolGrants, operation: str) -> None:
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
    refused(TOOL, operation="append", path="/proc/1/comm", input="x", grants=everything, kind=ErrorKind.DENIED)


def test_the_root_can_be_granted_and_listed(call: Call, room: Path) -> None:
    everything = ToolGrants(read=("/",))
    assert call(TOOL, operation="list_dir", path="/", grants=everything)["result"]["count"] > 0
    assert call(TOOL, operation="read", path=str(room / "a.txt"), grants=everything)["text"] == "héllo"


def test_sizes_are_bounded(refused: Refusal, room: Path, grants: ToolGrants) -> None:
    with open(room / "big", "wb") as file:
        file.truncate(200 * 2**20)  # a hole: takes no space
    big = str(room / "big")
    assert "209,715,200 bytes, the most is 4,194,304" in refused(TOOL, operation="read", path=big, grants=grants)
    assert "the most is 104,857,600" in refused(TOOL, operation="append", path=big, input="x", grants=grants)
    target = str(room / "copy")
    assert "the most is 104,857,600" in refused(
        TOOL, operation="copy", source_path=big, target_path=target, grants=grants
    )
    assert "the input is" in refused(TOOL, operation="write", path=target, input="x" * (READ_CAP + 1), grants=grants)
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


def test_the_operating_system_may_say_no(refused: Refusal, room: Path, grants: ToolGrants) -> None:
    long = str(room / ("x" * 300))
    for operation in ("read", "append", "delete", "create_dir", "write", "metadata"):
        said = refused(TOOL, operation=operation, path=long, input="x", grants=grants, kind=ErrorKind.TOOL)
        assert "file name too long" in said
    below = str(room / "sub" / "below")
    said = refused(TOOL, operation="move", source=str(room / "sub"), target=below, grants=grants, kind=ErrorKind.TOOL)
    assert "invalid argument" in said


def test_move_across_file_systems_says_what_to_do(refused: Refusal, room: Path, tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("one file system only")
    both = ToolGrants(read=(str(room), str(shared)), write=(str(room), str(shared)))
    target = str(shared / f"llmspell-test-{os.getpid()}")
    said = refused(TOOL, operation="move", source=str(room / "a.txt"), target=target, grants=both)
    assert "copy, then delete" in said
    assert not os.path.exists(target)


def test_a_granted_folder_that_is_gone(refused: Refusal, room: Path) -> None:
    gone = str(room / "gone")
    refused(
        TOOL,
        operation="read",
        path=gone + "/x",
        grants=ToolGrants(read=(gone,)),
        kind=ErrorKind.NOT_FOUND,
    )


def must_be_a_refusal(error: CallError) -> None:
    assert error.kind in (ErrorKind.DENIED, ErrorKind.VALIDATION, ErrorKind.NOT_FOUND)


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
        must_be_a_refusal(error)
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
