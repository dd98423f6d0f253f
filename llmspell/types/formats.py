"""Which kinds and formats of media there are, with their MIME types and file suffixes."""

from __future__ import annotations

import enum
from typing import Self

from llmspell.errors import UsageError, nearest


class MediaType(enum.StrEnum):
    """The kinds of media."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    BINARY = "binary"


class ColorSpace(enum.StrEnum):
    """How an image's numbers mean colours."""

    RGB = "rgb"
    RGBA = "rgba"
    GRAYSCALE = "grayscale"
    CMYK = "cmyk"


class _Format(enum.StrEnum):
    """A file format: its name, its MIME type, and its suffixes without the dot, the usual one first."""

    mime_type: str
    extensions: tuple[str, ...]

    def __new__(cls, name: str, mime_type: str, *extensions: str) -> Self:
        made = str.__new__(cls, name)
        made._value_ = name
        made.mime_type = mime_type
        made.extensions = extensions
        return made

    @classmethod
    def from_extension(cls, suffix: str) -> Self:
        """The format with this suffix, with or without its dot, in any case; raises UsageError.

        >>> ImageFormat.from_extension(".JPG")
        <ImageFormat.JPEG: 'jpeg'>
        """
        wanted = suffix.removeprefix(".").lower()
        return cls._only("suffix", suffix, {name: form for form in cls for name in form.extensions}, wanted)

    @classmethod
    def from_mime_type(cls, mime_type: str) -> Self:
        """The format with this MIME type, parameters left aside; raises UsageError.

        >>> AudioFormat.from_mime_type("audio/ogg; codecs=opus")
        <AudioFormat.OGG: 'ogg'>
        """
        wanted = mime_type.partition(";")[0].strip().lower()
        return cls._only("MIME type", mime_type, {form.mime_type: form for form in cls}, wanted)

    @classmethod
    def _only(cls, what: str, given: str, known: dict[str, Self], wanted: str) -> Self:
        if wanted in known:
            return known[wanted]
        close = nearest(wanted, list(known))
        hint = f"did you mean {close}?" if close else f"known are {', '.join(known)}"
        raise UsageError(f"no {cls.__name__} has the {what} {given[:100]!r}; {hint}")


class ImageFormat(_Format):
    """The formats of images."""

    PNG = "png", "image/png", "png"
    JPEG = "jpeg", "image/jpeg", "jpg", "jpeg"
    WEBP = "webp", "image/webp", "webp"
    GIF = "gif", "image/gif", "gif"
    SVG = "svg", "image/svg+xml", "svg"
    TIFF = "tiff", "image/tiff", "tif", "tiff"


class AudioFormat(_Format):
    """The formats of sound."""

    MP3 = "mp3", "audio/mpeg", "mp3"
    WAV = "wav", "audio/wav", "wav"
    FLAC = "flac", "audio/flac", "flac"
    OGG = "ogg", "audio/ogg", "ogg", "oga"
    M4A = "m4a", "audio/mp4", "m4a"


class VideoFormat(_Format):
    """The formats of moving pictures."""

    MP4 = "mp4", "video/mp4", "mp4"
    WEBM = "webm", "video/webm", "webm"
    AVI = "avi", "video/x-msvideo", "avi"
    MOV = "mov", "video/quicktime", "mov"
    MKV = "mkv", "video/x-matroska", "mkv"
