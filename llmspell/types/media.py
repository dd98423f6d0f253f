"""Media: text, images, sound, moving pictures, anything else in bytes; each held in memory or named by path.

On the wire bytes are bytes; media on disk are `{path, size}`, and are read in pieces by whoever needs what is in them.
"""

from __future__ import annotations

from typing import ClassVar

from llmspell.limits import MIB, format_size
from llmspell.types.formats import AudioFormat, ImageFormat, MediaType, VideoFormat
from llmspell.types.media_file import MediaFile
from llmspell.types.media_metadata import AudioMetadata, ImageMetadata, VideoMetadata
from llmspell.types.reading import MalformedError, read_text
from llmspell.types.value import Value

MAX_IMAGE_SIZE = 100 * MIB
MAX_AUDIO_SIZE = 500 * MIB
MAX_VIDEO_SIZE = 5 * 1024 * MIB
MAX_BINARY_SIZE = 1024 * MIB
"""The largest media that an agent takes, in bytes, by kind. Text has no limit of its own."""


class MediaContent(Value):
    """One of `TextContent`, `ImageContent`, `AudioContent`, `VideoContent`, `BinaryContent`.

    >>> MediaContent.from_wire({"type": "image", "data": b"...", "format": "png"}).mime_type
    'image/png'
    """

    media_type: ClassVar[MediaType]
    max_bytes: ClassVar[int | None] = None

    @property
    def mime_type(self) -> str:
        """The MIME type."""
        raise NotImplementedError

    @property
    def size_bytes(self) -> int:
        """How large the content is: in memory, in UTF-8, or on disk when it was looked at."""
        raise NotImplementedError

    def validate_size(self, place: str = "media") -> None:
        """Raises MalformedError, with both numbers, when the content is over the limit of its kind.

        >>> ImageContent(MediaFile("/tmp/poster.png", 200 * MIB), ImageFormat.PNG).validate_size()
        Traceback (most recent call last):
        llmspell.types.reading.MalformedError: media is an image of 200 MiB, and at most 100 MiB are taken
        """
        if self.max_bytes is not None and self.size_bytes > self.max_bytes:
            article = "an" if self.type_name[0] in "aeiou" else "a"
            size = format_size(self.size_bytes)
            raise MalformedError(
                place, f"is {article} {self.type_name} of {size}, and at most {format_size(self.max_bytes)} are taken"
            )

    @classmethod
    def _variants(cls) -> tuple[type[Value], ...]:
        return _VARIANTS


class TextContent(MediaContent):
    """Plain text."""

    type_name = "text"
    media_type = MediaType.TEXT

    text: str

    reads = {"text": read_text}

    @property
    def mime_type(self) -> str:
        return "text/plain"

    @property
    def size_bytes(self) -> int:
        return len(self.text) if self.text.isascii() else len(self.text.encode("utf-8", "surrogatepass"))


class ImageContent(MediaContent):
    """An image."""

    type_name = "image"
    media_type = MediaType.IMAGE
    max_bytes = MAX_IMAGE_SIZE

    data: bytes | MediaFile
    format: ImageFormat
    metadata: ImageMetadata | None = None

    reads = {"data": MediaFile, "format": ImageFormat, "metadata": ImageMetadata}

    @property
    def mime_type(self) -> str:
        return self.format.mime_type

    @property
    def size_bytes(self) -> int:
        return _size(self.data)


class AudioContent(MediaContent):
    """Sound."""

    type_name = "audio"
    media_type = MediaType.AUDIO
    max_bytes = MAX_AUDIO_SIZE

    data: bytes | MediaFile
    format: AudioFormat
    metadata: AudioMetadata | None = None

    reads = {"data": MediaFile, "format": AudioFormat, "metadata": AudioMetadata}

    @property
    def mime_type(self) -> str:
        return self.format.mime_type

    @property
    def size_bytes(self) -> int:
        return _size(self.data)


class VideoContent(MediaContent):
    """Moving pictures."""

    type_name = "video"
    media_type = MediaType.VIDEO
    max_bytes = MAX_VIDEO_SIZE

    data: bytes | MediaFile
    format: VideoFormat
    metadata: VideoMetadata | None = None

    reads = {"data": MediaFile, "format": VideoFormat, "metadata": VideoMetadata}

    @property
    def mime_type(self) -> str:
        return self.format.mime_type

    @property
    def size_bytes(self) -> int:
        return _size(self.data)


class BinaryContent(MediaContent):
    """Anything else. `filename` is what its sender called it: a name to show, never a path to open."""

    type_name = "binary"
    media_type = MediaType.BINARY
    max_bytes = MAX_BINARY_SIZE

    data: bytes | MediaFile
    mime_type: str = "application/octet-stream"
    filename: str | None = None

    reads = {"data": MediaFile, "mime_type": read_text, "filename": read_text}

    @property
    def size_bytes(self) -> int:
        return _size(self.data)


def _size(data: bytes | MediaFile) -> int:
    return data.size if isinstance(data, MediaFile) else len(data)


_VARIANTS = (TextContent, ImageContent, AudioContent, VideoContent, BinaryContent)
