"""The file helpers beside the bare system calls that do the same work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from conftest import Ratios, alternate, median

from llmspell.types import MediaFile
from llmspell.utils.files import copy_file, read_file, write_atomic

ROUNDS = 301
CALLS = 20
"""In one round, so that a hiccup of the machine is a small part of it."""
SIZES = pytest.mark.parametrize("size", [1024, 1024 * 1024], ids=["1KiB", "1MiB"])


def bare_replace(path: str, data: bytes) -> None:
    """What a whole-or-nothing write cannot do without."""
    draft = path + ".tmp"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(draft, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def compare(ratios: Ratios, name: str, ours: Any, floor: Any, *, calls: int, target: float) -> None:
    def many(function: Any) -> Any:
        return lambda: [function() for _ in range(calls)]

    first, second = alternate(many(ours), many(floor), ROUNDS)
    took, least = median(first) / calls * 1e6, median(second) / calls * 1e6
    ratios.add(name, f"{took:.1f} us beside {least:.1f} us", took / least, target)


@SIZES
def test_reading(benchmark: Any, ratios: Ratios, tmp_path: Path, size: int) -> None:
    """Of a small file the checks are the larger part: opened without waiting, regular, under the cap."""
    path = tmp_path / "a"
    path.write_bytes(os.urandom(size))
    compare(
        ratios, f"read_file of {size >> 10} KiB / read_bytes", lambda: read_file(path), path.read_bytes,
        calls=CALLS, target=2 if size < 4096 else 1.5,
    )  # fmt: skip
    benchmark.pedantic(lambda: read_file(path), rounds=5)


@SIZES
def test_writing(benchmark: Any, ratios: Ratios, tmp_path: Path, size: int) -> None:
    path, data = str(tmp_path / "a"), os.urandom(size)
    compare(
        ratios, f"write_atomic of {size >> 10} KiB / the calls alone", lambda: write_atomic(path, data),
        lambda: bare_replace(path, data), calls=1, target=1.5,
    )  # fmt: skip
    benchmark.pedantic(lambda: write_atomic(path, data), rounds=5)


def test_copying(benchmark: Any, ratios: Ratios, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(os.urandom(4 * 1024 * 1024))

    def bare() -> None:
        bare_replace(str(target), source.read_bytes())

    compare(ratios, "copy_file of 4 MiB / read and write", lambda: copy_file(source, target), bare, calls=1, target=1.5)
    benchmark.pedantic(lambda: copy_file(source, target), rounds=5)


def test_pieces_of_media(benchmark: Any, ratios: Ratios, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(os.urandom(16 * 1024 * 1024))
    file = MediaFile.at(path)

    def ours() -> None:
        for _ in file.pieces():
            pass

    compare(ratios, "16 MiB in pieces / read_bytes", ours, path.read_bytes, calls=1, target=1.5)
    benchmark.pedantic(ours, rounds=5)
