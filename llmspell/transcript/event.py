"""One line of a transcript that is read.

Theory of operation. What is small is kept as it was read; a large line is read again when its turn comes, so that a
file cannot take many times its size in memory.
"""

from __future__ import annotations

import json
from typing import Any

from llmspell.transcript.beside import Values
from llmspell.transcript.form import encode
from llmspell.transcript.lines import beside_of, parsed_value, read_line, value_of


class Event:
    """One line that was read."""

    __slots__ = ("_kept", "_values", "at", "data", "kind", "line")

    def __init__(self, data: bytes, line: int, values: Values, *, keep: bool) -> None:
        """Raises TranscriptError."""
        event = read_line(data, line)
        self.data, self._values, self.line = data, values, line
        self._kept = event if keep else None
        self.kind: str = event["event"]
        self.at: float = event.get("at", 0.0)

    def __getitem__(self, field: str) -> Any:
        """A plain field."""
        return self.fields[field]

    @property
    def fields(self) -> dict[str, Any]:
        """All of them, as they stand in the line."""
        return self._kept if self._kept is not None else read_line(self.data, self.line)

    def value(self, field: str) -> Any:
        """The value of a field, also of one that lies beside. Raises TranscriptError."""
        fields = self.fields
        name = beside_of(fields[field])
        if name is not None:
            return parsed_value(self._values.read(name), name)
        return value_of(fields, field, marked=b'"$' in self.data)

    def inlined(self) -> bytes:
        """The line with all values in it. Raises TranscriptError."""
        found = self.beside()
        if not found:
            return self.data + b"\n"
        texts = {field: encode(self.value(field)) for field, _ in found}
        rest = json.dumps(
            {name: value for name, value in self.fields.items() if name not in texts}, separators=(",", ":")
        )
        return (rest[:-1] + "".join(f',"{field}":{text}' for field, text in texts.items()) + "}\n").encode("ascii")

    def beside(self) -> list[tuple[str, str]]:
        """The fields whose values lie beside, with their sums."""
        if b'"$value"' not in self.data:
            return []
        found = ((field, beside_of(value)) for field, value in self.fields.items())
        return [(field, name) for field, name in found if name is not None]
