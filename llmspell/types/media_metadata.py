"""What is known of media without looking into them."""

from __future__ import annotations

from typing import Self

from llmspell.types.formats import ColorSpace
from llmspell.types.reading import Fields, read_flag, read_member, read_number, read_text, read_whole
from llmspell.types.value import Value


class ImageMetadata(Value, kw_only=True):
    """Of an image. Width and height are pixels; `dpi` is dots per inch."""

    width: int
    height: int
    color_space: ColorSpace = ColorSpace.RGB
    has_transparency: bool = False
    dpi: int | None = None

    @classmethod
    def _read(cls, fields: Fields) -> Self:
        return cls(
            width=fields.required("width", read_whole),
            height=fields.required("height", read_whole),
            color_space=fields.optional("color_space", read_member(ColorSpace)) or ColorSpace.RGB,
            has_transparency=fields.optional("has_transparency", read_flag) or False,
            dpi=fields.optional("dpi", read_whole),
        )


class AudioMetadata(Value, kw_only=True):
    """Of sound. The duration is milliseconds, the sample rate hertz, the bitrate bits per second."""

    duration_ms: int
    sample_rate: int
    channels: int
    bitrate: int | None = None

    @classmethod
    def _read(cls, fields: Fields) -> Self:
        return cls(
            duration_ms=fields.required("duration_ms", read_whole),
            sample_rate=fields.required("sample_rate", read_whole),
            channels=fields.required("channels", read_whole),
            bitrate=fields.optional("bitrate", read_whole),
        )


class VideoMetadata(Value, kw_only=True):
    """Of moving pictures. The duration is milliseconds, width and height are pixels, `fps` is pictures per second."""

    duration_ms: int
    width: int
    height: int
    fps: float
    codec: str | None = None

    @classmethod
    def _read(cls, fields: Fields) -> Self:
        return cls(
            duration_ms=fields.required("duration_ms", read_whole),
            width=fields.required("width", read_whole),
            height=fields.required("height", read_whole),
            fps=fields.required("fps", read_number),
            codec=fields.optional("codec", read_text),
        )
