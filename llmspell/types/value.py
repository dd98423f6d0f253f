"""What all types of this package share: a form for the wire, one for JSON, and the way back from both.

A value is a record. On the wire it is a map of its fields by name, those that are None left out; a variant of
a family (`MediaContent`, `ChunkContent`, `ControlMessage`) has its name in the field `type` besides.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Self

from llmspell.errors import nearest
from llmspell.types.media_file import MediaFile, OpenFile, read_data
from llmspell.types.reading import Fields, MalformedError, Reader, check_sendable, described, read_member, read_text
from llmspell.types.record import Record


class Value(Record):
    """A value that travels. `type_name` is what `type` says on the wire, empty for what is no variant."""

    type_name: ClassVar[str] = ""

    reads: ClassVar[Mapping[str, Any]] = {}
    """How each field is read: a reader (`reading.py`), a type of values, a closed set, `MediaFile` for bytes or a file,
    or a list of one of these for several."""

    def to_wire(self) -> dict[str, Any]:
        """The value as a map that can travel; raises MalformedError with the place of what cannot."""
        made = self._as_map()
        check_sendable(made, type(self).__name__)
        return made

    def to_json(self) -> str:
        """The value as JSON text (`json_form.py`); raises MalformedError with the place of what cannot travel."""
        from llmspell.types.json_form import write_json  # 5 ms, and most values never become JSON

        return write_json(self._as_map(), type(self).__name__)

    @classmethod
    def from_wire(cls, value: Any, *, open_file: OpenFile | None = None) -> Self:
        """The value of such a map; raises MalformedError with the place of what does not fit.

        Media that come by path are looked up by `open_file`, which decides whether the path is granted; without it
        they are refused.
        """
        return cls.reader(open_file)(value, cls.__name__)

    @classmethod
    def from_json(cls, text: str, *, open_file: OpenFile | None = None) -> Self:
        """The value of such a text; raises as `from_wire` does."""
        from llmspell.types.json_form import read_json

        return cls.from_wire(read_json(text, cls.__name__), open_file=open_file)

    @classmethod
    def reader(cls, open_file: OpenFile | None = None) -> Reader[Self]:
        """A reader of this type, or of a family's variants."""
        return partial(cls._read_at, open_file)

    @classmethod
    def _read_at(cls, open_file: OpenFile | None, value: Any, place: str) -> Self:
        kind = cls._kind_of(value, place)
        known = list(kind.field_names)
        return kind._read(Fields(value, place, ["type", *known] if kind.type_name else known, open_file))

    @classmethod
    def _read(cls, fields: Fields) -> Self:
        """Makes the value of its fields; what is absent has its default, or is missed."""
        made: dict[str, Any] = {}
        for name in cls.field_names:
            read = cls.reads[name]
            if isinstance(read, list):
                value = fields.several(name, _reader(read[0], fields.open_file)) or None
            elif name in cls._defaults:
                value = fields.optional(name, _reader(read, fields.open_file))
            else:
                value = fields.required(name, _reader(read, fields.open_file))
            if value is not None:
                made[name] = value
        return cls(**made)

    @classmethod
    def _variants(cls) -> tuple[type[Value], ...]:
        """All variants of the family that this class belongs to."""
        return ()

    @classmethod
    def _kind_of(cls, value: Any, place: str) -> type[Self]:
        """The class itself, or the variant that `type` names."""
        kinds = {kind.type_name: kind for kind in cls._variants() if issubclass(kind, cls)}
        if not kinds:
            return cls
        if type(value) is not dict:
            raise MalformedError(place, f"must be a map, not {described(value)}")
        given = value.get("type")
        if given is None:
            raise MalformedError(f"{place}.type", "is missing")
        name = read_text(given, f"{place}.type")
        if name not in kinds:
            close = nearest(name, list(kinds))
            hint = f"; did you mean {close}?" if close else ""
            raise MalformedError(f"{place}.type", f"must be one of {', '.join(kinds)}, not {described(given)}{hint}")
        return kinds[name]

    def _as_map(self) -> dict[str, Any]:
        made: dict[str, Any] = {"type": self.type_name} if self.type_name else {}
        for name in self.field_names:
            value = getattr(self, name)
            if value is not None:
                made[name] = _wired(value)
        return made


def _wired(value: Any) -> Any:
    """A field's value as it travels. What cannot is left as it is, for the check to name."""
    if isinstance(value, Value):
        return value._as_map()
    if isinstance(value, MediaFile):
        return {"path": value.path, "size": value.size}
    if isinstance(value, enum.StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo is not None else value
    if isinstance(value, tuple):
        return [_wired(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _reader(read: Any, open_file: OpenFile | None) -> Reader[Any]:
    if not isinstance(read, type):
        return read  # type: ignore[no-any-return]
    if issubclass(read, enum.StrEnum):
        return read_member(read)
    return read.reader(open_file) if issubclass(read, Value) else read_data(open_file)
