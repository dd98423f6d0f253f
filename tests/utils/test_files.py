"""Files of the host: caps, what is refused, and errors that say what was tried with which file."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmspell.utils import files
from llmspell.utils.files import FileError

Operation = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.txt").write_bytes(b"old")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_bytes(b"a")
    (tmp_path / "link").symlink_to("full")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


REFUSED: list[tuple[str, Operation, str, str]] = [
    ("read", files.read_file, "none.txt", "cannot read .*: no such file or directory"),
    ("read", files.read_file, "full", "cannot read .*: it is no regular file"),
    ("read", files.read_file, "pipe", "cannot read .*: it is no regular file"),
    ("read", files.read_file, "a\0b", "cannot read .*: it is no name of a file"),
    ("read", files.read_file, "a\ud800", "cannot read .*: it is no name of a file"),
    ("write", lambda path: files.write_file(path, b""), "full", "cannot write .*: is a directory"),
    ("write", lambda path: files.write_file(path, b""), "no/a", "cannot write .*: no such file or directory"),
    ("write", lambda path: files.write_atomic(path, b""), "full", "cannot write .*: it is no regular file"),
    ("write", lambda path: files.write_atomic(path, b""), "pipe", "cannot write .*: it is no regular file"),
    ("write", lambda path: files.write_atomic(path, b""), "no/a", "cannot write .*: no such file or directory"),
    ("write", lambda path: files.write_atomic(path, b""), "old.txt/a", "cannot write .*: not a directory"),
    ("make the folder", files.ensure_dir, "old.txt", "cannot make the folder .*: file exists"),
    ("read", lambda path: files.copy_file(path, path), "full", "cannot read .*: it is no regular file"),
    ("copy", lambda path: files.copy_file(path, path), "none.txt", "cannot copy .*: no such file or directory"),
    ("remove", files.remove_file_if_exists, "full", "cannot remove .*: it is a folder"),
    ("remove", files.remove_file_if_exists, "old.txt/a", "cannot remove .*: not a directory"),
    ("remove", files.remove_dir_all_if_exists, "old.txt", "cannot remove .*: it is no folder"),
    ("remove", files.remove_dir_all_if_exists, "link", "cannot remove .*: it is no folder"),
]


@pytest.mark.parametrize(
    ("action", "operation", "name", "said"),
    REFUSED,
    ids=[f"{action} {number}" for number, (action, *_) in enumerate(REFUSED)],
)
def test_a_failure_names_the_action_the_file_and_the_reason(
    folder: Path, action: str, operation: Operation, name: str, said: str
) -> None:
    before = sorted(os.listdir(folder))
    path = os.path.join(folder, name)
    with pytest.raises(FileError, match=said) as raised:
        operation(path)  # type: ignore[arg-type]
    assert (raised.value.action, raised.value.path) == (action, path)
    assert sorted(os.listdir(folder)) == before


def test_a_file_is_read_up_to_its_cap(folder: Path) -> None:
    assert files.read_file(folder / "old.txt", max_bytes=3) == b"old"
    with pytest.raises(FileError, match="it has 3 bytes, and at most 2 bytes are read"):
        files.read_file(folder / "old.txt", max_bytes=2)


def test_a_file_without_a_size_is_read_under_the_cap_too() -> None:
    assert os.stat("/proc/self/status").st_size == 0
    assert b"VmHWM" in files.read_file("/proc/self/status")
    with pytest.raises(FileError, match="at most 10 bytes"):
        files.read_file("/proc/self/status", max_bytes=10)


def test_a_huge_file_is_refused_before_it_is_read(folder: Path) -> None:
    with open(folder / "huge", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileError, match="it has 1024 GiB, and at most 100 MiB are read"):
        files.read_file(folder / "huge")


def test_what_is_replaced_keeps_its_permissions_and_what_is_new_gets_those_asked_for(folder: Path) -> None:
    (folder / "old.txt").chmod(0o640)
    files.write_atomic(folder / "old.txt", b"new")
    files.write_atomic(folder / "private", b"new", mode=0o600)
    files.write_file(folder / "plain", b"")
    files.write_atomic(folder / "usual", b"new")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}
    assert (modes["old.txt"], modes["private"]) == (0o640, 0o600)
    assert modes["usual"] == modes["plain"]


def test_a_link_stays_and_what_it_leads_to_is_replaced(folder: Path) -> None:
    (folder / "to-old").symlink_to("old.txt")
    files.write_atomic(folder / "to-old", b"new")
    assert (folder / "to-old").is_symlink()
    assert (folder / "old.txt").read_bytes() == b"new"


def test_an_error_of_whoever_hands_in_the_pieces_leaves_the_old_file(folder: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("no more")

    before = sorted(os.listdir(folder))
    with pytest.raises(ValueError, match="no more"):
        files.write_atomic(folder / "old.txt", pieces())
    assert (folder / "old.txt").read_bytes() == b"old"
    assert sorted(os.listdir(folder)) == before


def test_a_copy_has_content_and_permissions_and_comes_in_pieces(folder: Path) -> None:
    content = os.urandom(3 * files._PIECE + 1)
    (folder / "old.txt").write_bytes(content)
    (folder / "old.txt").chmod(0o750)
    assert files.copy_file(folder / "old.txt", folder / "new.txt") == len(content)
    assert (folder / "new.txt").read_bytes() == content
    assert stat.S_IMODE((folder / "new.txt").stat().st_mode) == 0o750


def test_a_file_copied_onto_itself_is_as_it_was(folder: Path) -> None:
    files.copy_file(folder / "old.txt", folder / "old.txt")
    assert (folder / "old.txt").read_bytes() == b"old"


def test_removing_says_whether_there_was_something(folder: Path) -> None:
    assert files.remove_file_if_exists(folder / "link")
    assert (folder / "full").is_dir()
    assert not files.remove_file_if_exists(folder / "link")
    (folder / "full" / "out").symlink_to(folder / "old.txt")
    assert files.remove_dir_all_if_exists(folder / "full")
    assert not files.remove_dir_all_if_exists(folder / "full")
    assert (folder / "old.txt").exists()


def test_a_folder_is_made_with_those_above_it(folder: Path) -> None:
    files.ensure_dir(folder / "a" / "b", mode=0o700)
    files.ensure_dir(folder / "a" / "b")
    assert stat.S_IMODE((folder / "a" / "b").stat().st_mode) == 0o700
