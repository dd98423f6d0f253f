"""Media: their formats, their limits, and files that are never held whole."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import CallError, UsageError
from llmspell.limits import MIB
from llmspell.types import (
    AgentInput,
    AudioContent,
    AudioFormat,
    BinaryContent,
    ImageContent,
    ImageFormat,
    MalformedError,
    MediaContent,
    MediaFile,
    MediaType,
    TextContent,
    VideoContent,
    VideoFormat,
)
from llmspell.types.media_file import PIECE_BYTES
from llmspell.utils.files import FileError

GIB = 1024 * MIB
FORMATS = [*ImageFormat, *AudioFormat, *VideoFormat]


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_found_by_each_suffix_and_by_its_mime_type(form: Any) -> None:
    for suffix in form.extensions:
        assert type(form).from_extension(suffix) is form
        assert type(form).from_extension(f".{suffix.upper()}") is form
    assert type(form).from_mime_type(form.mime_type.upper() + "; q=1") is form
    assert form.mime_type.split("/")[0] == type(form).__name__.removesuffix("Format").lower()
    assert type(form)(form.value) is form


def test_suffixes_and_mime_types_are_those_of_one_format_only() -> None:
    assert len({form.mime_type for form in FORMATS}) == len(FORMATS)
    suffixes = [suffix for form in FORMATS for suffix in form.extensions]
    assert len(set(suffixes)) == len(suffixes)


def test_what_no_format_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no ImageFormat has the suffix 'jpgg'; did you mean jpg\?"):
        ImageFormat.from_extension("jpgg")
    with pytest.raises(UsageError, match=r"no VideoFormat has the MIME type 'x'; known are video/mp4, video/webm"):
        VideoFormat.from_mime_type("x")


def sized(size: int) -> list[MediaContent]:
    file = MediaFile("/media/a", size)
    return [
        ImageContent(file, ImageFormat.PNG),
        AudioContent(file, AudioFormat.MP3),
        VideoContent(file, VideoFormat.MP4),
        BinaryContent(file),
    ]


LIMITS = [100 * MIB, 500 * MIB, 5 * GIB, 1 * GIB]


@pytest.mark.parametrize("at", range(4), ids=["image", "audio", "video", "binary"])
def test_media_up_to_their_limit_are_taken_and_one_byte_more_is_not(at: int) -> None:
    sized(LIMITS[at])[at].validate_size()
    with pytest.raises(MalformedError, match=r"^input.media\[2\] is an? \w+ of .*iB, and at most .*iB are taken$"):
        sized(LIMITS[at] + 1)[at].validate_size("input.media[2]")


def test_text_has_no_limit_and_its_size_is_that_of_its_bytes() -> None:
    TextContent("x").validate_size()
    assert [TextContent(text).size_bytes for text in ("", "ab", "é", "😀", "\ud800")] == [0, 2, 2, 4, 3]


@pytest.mark.parametrize(
    ("media", "media_type", "mime_type", "size"),
    [
        (TextContent("a"), MediaType.TEXT, "text/plain", 1),
        (ImageContent(b"ab", ImageFormat.SVG), MediaType.IMAGE, "image/svg+xml", 2),
        (AudioContent(b"ab", AudioFormat.M4A), MediaType.AUDIO, "audio/mp4", 2),
        (VideoContent(b"ab", VideoFormat.MKV), MediaType.VIDEO, "video/x-matroska", 2),
        (BinaryContent(b"ab"), MediaType.BINARY, "application/octet-stream", 2),
        (BinaryContent(b"ab", "application/pdf"), MediaType.BINARY, "application/pdf", 2),
    ],
)
def test_media_know_what_they_are(media: MediaContent, media_type: MediaType, mime_type: str, size: int) -> None:
    assert (media.media_type, media.mime_type, media.size_bytes) == (media_type, mime_type, size)


def test_bytes_are_not_part_of_what_is_printed() -> None:
    assert len(repr(AgentInput("a").with_media(ImageContent(b"x" * 10_000, ImageFormat.PNG)))) < 300


def test_bytes_stay_bytes_on_the_wire_and_are_base64_in_json() -> None:
    image = ImageContent(b"\xff\xd8", ImageFormat.JPEG)
    assert image.to_wire() == {"type": "image", "data": b"\xff\xd8", "format": "jpeg"}
    assert image.to_json() == '{"type":"image","data":{"$bytes":"/9g="},"format":"jpeg"}'
    assert image.to_wire()["data"] is image.data


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of 64 MiB that takes no room."""
    path = tmp_path / "large.bin"
    with open(path, "wb") as file:
        file.write(b"begin")
        file.truncate(64 * MIB)
    return path


def test_a_large_file_goes_from_wire_to_reader_without_a_copy_in_memory(large: Path) -> None:
    tracemalloc.start()
    try:
        media = MediaContent.from_wire({"type": "binary", "data": {"path": str(large)}}, open_file=MediaFile.at)
        media.validate_size()
        assert MediaContent.from_json(media.to_json(), open_file=MediaFile.at) == media
        assert isinstance(media, BinaryContent)
        assert isinstance(media.data, MediaFile)
        letters = sum(map(len, media.data.base64_pieces()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert letters == (64 * MIB + 2) // 3 * 4
    assert peak < 8 * PIECE_BYTES < 64 * MIB / 8


HELD = """
import sys
from llmspell.types import AgentInput, MediaFile, VideoContent, VideoFormat

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

before = peak()
question = AgentInput("what is it?").with_media(VideoContent(MediaFile.at(sys.argv[1]), VideoFormat.MP4))
question.media[0].validate_size()
for form in (AgentInput.from_wire(question.to_wire(), open_file=MediaFile.at),
             AgentInput.from_json(question.to_json(), open_file=MediaFile.at)):
    assert form == question
    print(sum(map(len, form.media[0].data.base64_pieces())))
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
def test_a_process_that_reads_a_large_file_holds_some_pieces_of_it_and_no_more(large: Path) -> None:
    done = subprocess.run([sys.executable, "-c", HELD, str(large)], capture_output=True, text=True, check=True)
    *letters, kib = map(int, done.stdout.split())
    assert letters == [(64 * MIB + 2) // 3 * 4] * 2
    assert kib * 1024 < 8 * MIB


def test_the_pieces_of_a_file_join_to_what_it_holds(tmp_path: Path) -> None:
    content = os.urandom(2 * PIECE_BYTES + 100)
    (tmp_path / "a").write_bytes(content)
    file = MediaFile.at(tmp_path / "a")
    assert file.size == len(content)
    assert b"".join(file.pieces()) == content
    assert b"".join(file.base64_pieces()) == base64.b64encode(content)
    with file.opened() as opened:
        assert opened.read(10) == content[:10]


def test_an_empty_file_has_no_pieces(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert list(MediaFile.at(tmp_path / "a").pieces()) == []


def test_a_file_that_has_changed_is_not_read(large: Path) -> None:
    file = MediaFile.at(large)
    pieces = file.pieces()
    assert next(pieces).startswith(b"begin")
    os.truncate(large, PIECE_BYTES + 10)
    with pytest.raises(FileError, match=r"it has changed: it ends \d+ bytes early"):
        list(pieces)
    with pytest.raises(FileError, match="it has changed: it was a file of 67108864 bytes"):
        list(file.pieces())


def test_only_regular_files_are_media(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused = [(str(tmp_path), "no regular file"), (f"{tmp_path}/pipe", "no regular file"), ("a\0b", "no name of")]
    for path, said in refused:
        with pytest.raises(FileError, match=said):
            MediaFile.at(path)
    (tmp_path / "a").touch()
    file = MediaFile.at(tmp_path / "a")
    (tmp_path / "a").unlink()
    with pytest.raises(FileError, match="no such file"):
        list(file.pieces())
    os.mkfifo(tmp_path / "a")
    with pytest.raises(FileError, match="it has changed"):
        list(file.pieces())


def test_a_family_makes_no_value_of_its_own() -> None:
    with pytest.raises(CallError):
        MediaContent.from_wire({})
