"""The record of trusted files: private, whole, and believed only when nobody else can have written it."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmspell.config.trust import TrustStore
from llmspell.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "llmspell.toml"
    file.write_text("engine = 'x'")
    return file


@pytest.fixture
def record(store: Path, file: Path) -> TrustStore:
    record = TrustStore(str(store))
    record.trust(str(file))
    return record


def test_without_a_record_nothing_is_trusted(store: Path, file: Path) -> None:
    assert not TrustStore(str(store)).is_trusted(str(file), file.read_bytes())
    assert not store.parent.exists()


def test_what_is_trusted_is_a_path_with_a_content(record: TrustStore, file: Path) -> None:
    assert record.is_trusted(str(file), file.read_bytes())
    assert not record.is_trusted(str(file), b"")
    assert not record.is_trusted(str(file) + "x", file.read_bytes())


def test_the_content_that_was_shown_is_what_is_trusted(record: TrustStore, file: Path) -> None:
    shown = file.read_bytes()
    file.write_text("[grants]\nmodules = true")
    record.trust(str(file), shown)
    assert record.is_trusted(str(file), shown)
    assert not record.is_trusted(str(file), file.read_bytes())


def test_a_later_content_replaces_the_earlier(record: TrustStore, file: Path) -> None:
    earlier = file.read_bytes()
    file.write_text("engine = 'y'")
    record.trust(str(file))
    assert not record.is_trusted(str(file), earlier)


def test_the_record_is_private_whatever_the_umask(store: Path, file: Path) -> None:
    before = os.umask(0)
    try:
        TrustStore(str(store)).trust(str(file))
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700
    assert os.listdir(store.parent) == [store.name]


def test_an_open_folder_is_closed_by_trusting(store: Path, file: Path) -> None:
    store.parent.mkdir(parents=True)
    store.parent.chmod(0o777)
    TrustStore(str(store)).trust(str(file))
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def test_a_revoked_file_is_trusted_no_more_and_the_others_still_are(record: TrustStore, file: Path) -> None:
    other = file.with_name("other.toml")
    other.write_text("")
    record.trust(str(other))
    file_content = file.read_bytes()
    file.unlink()
    assert record.revoke(str(file))
    assert not record.is_trusted(str(file), file_content)
    assert list(record.files()) == [str(other)]
    assert not record.revoke(str(file))


def test_revoking_without_a_record_makes_none(store: Path, file: Path) -> None:
    assert not TrustStore(str(store)).revoke(str(file))
    assert not store.parent.exists()


def test_of_many_that_trust_at_once_none_is_lost(store: Path, tmp_path: Path) -> None:
    record = TrustStore(str(store))
    files = [tmp_path / f"{number}.toml" for number in range(20)]
    for file in files:
        file.write_text("")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda file: record.trust(str(file)), files))
    assert all(record.is_trusted(str(file), b"") for file in files)


def test_what_is_no_toml_is_not_trusted(store: Path, file: Path) -> None:
    file.write_text("engine =")
    with pytest.raises(ConfigError, match="line 1: is not TOML"):
        TrustStore(str(store)).trust(str(file))
    assert not store.exists()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_record_that_others_can_write_is_not_believed(record: TrustStore, store: Path, file: Path, mode: int) -> None:
    store.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        record.is_trusted(str(file), file.read_bytes())
    assert str(caught.value) == (
        f"{store}: can be written by others (mode {mode:04o}; run chmod go-w on it), "
        "so no project's file is trusted by it"
    )
    with pytest.raises(ConfigError, match="can be written by others"):
        record.trust(str(file))


def test_a_record_in_a_folder_that_others_can_write_is_not_believed(
    record: TrustStore, store: Path, file: Path
) -> None:
    store.parent.chmod(0o770)
    with pytest.raises(ConfigError, match=f"{store.parent}: can be written by others"):
        record.is_trusted(str(file), file.read_bytes())


def test_a_record_of_somebody_else_is_not_believed(store: Path, file: Path) -> None:
    foreign = Path("/etc/passwd")
    if os.geteuid() == 0:
        store.parent.mkdir(parents=True)
        store.write_text("{}")
        os.chown(store, 65534, 65534)
        foreign = store
    with pytest.raises(ConfigError, match=r"belongs to user \d+, not to you"):
        TrustStore(str(foreign)).is_trusted(str(file), b"")


def test_a_folder_of_somebody_else_is_left_as_it_is(store: Path, file: Path) -> None:
    folder = Path("/etc")
    if os.geteuid() == 0:
        folder = store.parent
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        os.chown(folder, 65534, 65534)
    with pytest.raises(ConfigError, match=f"{folder}: belongs to user"):
        TrustStore(str(folder / "llmspell-trusted.json")).trust(str(file))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_linked_record_is_not_believed(record: TrustStore, store: Path, file: Path) -> None:
    store.rename(store.with_name("elsewhere"))
    store.symlink_to("elsewhere")
    with pytest.raises(ConfigError, match="is a symbolic link"):
        record.is_trusted(str(file), file.read_bytes())


NO_RECORDS: list[object] = [
    "",
    "[" * 100_000,
    [],
    {},
    {"schema": "llmspell.trust/2", "files": {}},
    {"schema": "llmspell.trust/1"},
    {"schema": "llmspell.trust/1", "files": []},
]


@pytest.mark.parametrize("content", NO_RECORDS, ids=range(len(NO_RECORDS)))
def test_a_damaged_record_is_an_error(record: TrustStore, store: Path, file: Path, content: object) -> None:
    store.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ConfigError, match="is no record of trusted files; remove it and trust your files again"):
        record.is_trusted(str(file), file.read_bytes())


def test_a_record_that_cannot_be_written_is_an_error(tmp_path: Path, file: Path) -> None:
    (tmp_path / "blocked").write_text("")
    with pytest.raises(ConfigError, match="the record of trusted files cannot be written: not a directory"):
        TrustStore(str(tmp_path / "blocked" / "state" / "trusted.json")).trust(str(file))
