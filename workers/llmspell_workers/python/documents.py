"""JSON.parse and JSON.stringify: nothing lost on the way there and back.

Bytes are {"$bytes": base64}; non-finite floats are "NaN", "Infinity", "-Infinity". Keys are written in order, so the
same value gives the same text. The library's `json` is loaded by the first use.
"""

from __future__ import annotations

from llmspell_workers.python.errors import ValidationError
from llmspell_workers.wire import kind_of

MAX_DEPTH = 512
_MOST_INDENT = 16


class Json:
    """The global `JSON`; `null` is None."""

    null = None

    @staticmethod
    def parse(text: object) -> object:
        """The value of a document; ValidationError says where it is none."""
        import json

        if not isinstance(text, (str, bytes)):
            raise ValidationError(f"JSON: {kind_of(text)} is no document")
        try:
            return json.loads(text, object_hook=_bytes_of, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            raise ValidationError(f"JSON: {error.msg} at line {error.lineno}, character {error.colno}") from None
        except RecursionError:
            raise ValidationError("JSON: a document is nested too deeply") from None
        except UnicodeDecodeError:
            raise ValidationError("JSON: a document is no UTF-8 text") from None
        except ValueError as error:  # an integer of too many digits
            raise ValidationError(f"JSON: {error}") from None

    @staticmethod
    def stringify(value: object, indent: object = None) -> str:
        """The document of a value; `indent` is a number of spaces, True for two, or a text."""
        import json

        if indent is True:
            indent = 2
        width = min(indent, _MOST_INDENT) or None if isinstance(indent, int) and indent is not False else None
        shift = indent if isinstance(indent, str) else width
        separators = (",", ": " if shift is not None else ":")
        return json.dumps(
            _plain(value, 1), sort_keys=True, ensure_ascii=False, indent=shift, separators=separators, allow_nan=False
        )


def _plain(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise ValidationError("JSON: a value is nested deeper than 512 levels, or holds itself")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        if value != value:
            return "NaN"
        return value if abs(value) != float("inf") else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (bytes, bytearray)):
        from binascii import b2a_base64

        return {"$bytes": b2a_base64(value, newline=False).decode()}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ValidationError(f"JSON: a key is no text but {kind_of(key)}")
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    raise ValidationError(f"JSON: a value is {kind_of(value)}")


def _bytes_of(found: dict[str, object]) -> object:
    encoded = found.get("$bytes")
    if len(found) != 1 or not isinstance(encoded, str):
        return found
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(encoded, strict_mode=True)
    except (Error, ValueError):
        return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
