"""What is known of media without looking into them."""

from __future__ import annotations

from llmspell.types.formats import ColorSpace
from llmspell.types.reading import read_flag, read_number, read_text, read_whole
from llmspell.types.value import Value


class ImageMetadata(Value, kw_only=True):
    """Of an image. Width and height are pixels; `dpi` is dots per inch."""

    width: int
    height: int
    color_space: ColorSpace = ColorSpace.RGB
    has_transparency: bool = False
    dpi: int | None = None

    reads = {
        "width": read_whole,
        "height": read_whole,
        "color_space": ColorSpace,
        "has_transparency": read_flag,
        "dpi": read_whole,
    }


class AudioMetadata(Value, kw_only=True):
    """Of sound. The duration is milliseconds, the sample rate hertz, the bitrate bits per second."""

    duration_ms: int
    sample_rate: int
    channels: int
    bitrate: int | None = None

    reads = {"duration_ms": read_whole, "sample_rate": read_whole, "channels": read_whole, "bitrate": read_whole}


class VideoMetadata(Value, kw_only=True):
    """Of moving pictures. The duration is milliseconds, width and height are pixels, `fps` is pictures per second."""

    duration_ms: int
    width: int
    height: int
    fps: float
    codec: str | None = None

    reads = {
        "duration_ms": read_whole,
        "width": read_whole,
        "height": read_whole,
        "fps": read_number,
        "codec": read_text,
    }
