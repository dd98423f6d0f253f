"""Texts that a report has to be, byte for byte: `UPDATE_GOLDEN=1 pytest tests/reports` writes them anew, to be read."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_is_golden(text: str, name: str) -> None:
    """Whether a text is the one that is kept under a name."""
    place = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        place.write_text(text, "utf-8")
    assert text == place.read_text("utf-8")
