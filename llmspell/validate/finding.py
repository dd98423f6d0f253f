"""What a check has to say about one place of a script."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple, Self


class Severity(enum.StrEnum):
    """How bad a finding is: an `ERROR` fails the script, a `WARNING` does under `--strict`, a `NOTE` never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Position(NamedTuple):
    """A piece of a source. Lines and columns count from 1, columns in characters; the end is the first place after."""

    line: int
    column: int
    end_line: int
    end_column: int


class Finding(NamedTuple):
    """One finding. `rule` is a stable name, in kebab-case, by which it can be found and switched off.

    `message` may hold text of the script: whoever shows it escapes it. `file` is another file than the script, by its
    path as the script's own is given (a module, a cassette). `position` is None for what concerns a whole file.
    """

    rule: str
    severity: Severity
    message: str
    position: Position | None = None
    file: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "position": self.position and self.position._asdict(),
            "file": self.file,
        }

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Self:
        """What `to_dict` made."""
        place = found["position"]
        return cls(
            found["rule"], Severity(found["severity"]), found["message"], place and Position(**place), found["file"]
        )
