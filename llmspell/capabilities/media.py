"""Media that a script sends: bytes that it holds, or a file that it may read.

The rule kept here: a path is read through the grants, name by name and without following links, each time that the file
is opened; what is found there is never held whole for longer than it takes to send it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from llmspell.capabilities.arguments import invalid, kind_of
from llmspell.errors import UsageError
from llmspell.tools.granted_files import Asker, opened_file
from llmspell.types.formats import AudioFormat, ImageFormat, VideoFormat
from llmspell.types.media import MAX_VIDEO_SIZE, MediaContent
from llmspell.types.media_file import MediaFile
from llmspell.types.reading import MalformedError
from llmspell.utils.files import FileError

MAX_MEDIA = 32
"""Media in one question."""
_FORMATS = {"image": ImageFormat, "audio": AudioFormat, "video": VideoFormat}


class GrantedFile(MediaFile):
    """A file that a script named, below one of the `granted` folders."""

    granted: tuple[str, ...]

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file for reading, found anew through the grants. Raises CallError, and FileError if it has changed."""
        with opened_file(_asker(), self.path, self.granted, cap=MAX_VIDEO_SIZE) as descriptor:
            if os.fstat(descriptor).st_size != self.size:
                raise FileError("read", self.path, f"it has changed: it was a file of {self.size} bytes")
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                yield file


def read_media(given: Any, granted: tuple[str, ...], *, of: str) -> tuple[MediaContent, ...]:
    """The media of a question. Raises CallError: `validation` for what is none, `denied` for a path without a grant."""
    if given is None or given == {}:
        return ()
    if type(given) is not list or len(given) > MAX_MEDIA:
        raise invalid(f"{of}: media must be a list of at most {MAX_MEDIA} values of Media, not {kind_of(given)}")

    def open_file(path: str) -> MediaFile:
        with opened_file(_asker(), path, granted, cap=MAX_VIDEO_SIZE) as descriptor:
            return GrantedFile(os.path.abspath(path), os.fstat(descriptor).st_size, granted)

    made = []
    for at, one in enumerate(given):
        place = f"{of}: media[{at + 1}]"
        if type(one) is not dict:
            raise invalid(f"{place} must be a value of Media, like Media.image(data, 'png'), not {kind_of(one)}")
        content = MediaContent.reader(open_file)(_completed(one, place), place)
        content.validate_size(place)
        made.append(content)
    return tuple(made)


def _completed(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The same with what a script may leave out: a format that its file's name tells; text for bytes that are text."""
    made = dict(given)
    data = made.get("data")
    if type(data) is str:
        made["data"] = data.encode()
    formats = _FORMATS.get(made["type"]) if type(made.get("type")) is str else None
    if formats is not None and made.get("format") is None and type(data) is dict and type(data.get("path")) is str:
        try:
            made["format"] = formats.from_extension(os.path.splitext(data["path"])[1]).value
        except UsageError as error:
            raise MalformedError(f"{place}.format", f"is missing: {error}") from None
    if formats is not None and type(made.get("format")) is str:
        made["format"] = {"jpg": "jpeg"}.get(made["format"].lower(), made["format"].lower())
    return made


def _asker() -> Asker:
    return Asker("media", os.getcwd())
