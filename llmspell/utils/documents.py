"""JSON, TOML, YAML: read strictly, written the same way every time, merged and turned into one another.

The rule kept here: what is read is what JSON can say (nil, boolean, number, text, list, map with text keys), and TOML's
dates beside; a key that stands twice, `NaN`, YAML's aliases and tags are refused, not guessed at.
Sizes are not bounded here: read files through `files.read_file`. A TOML file of strangers can cost much more than its
size; `llmspell/config/document.py` knows how to bound that.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Mapping
from typing import Any

from llmspell.errors import LlmspellError, UsageError, nearest

MAX_DEPTH = 200
"""Levels of nesting that are written."""


class DocumentError(LlmspellError):
    """A text is no document of its format, or a value cannot be said in one. Lines and columns count from 1."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        place = f" (line {line}, column {column})" if line and column else f" (line {line})" if line else ""
        super().__init__(message + place)
        self.line = line
        self.column = column


class Format(enum.StrEnum):
    """The formats of documents."""

    JSON = "json"
    TOML = "toml"
    YAML = "yaml"

    @classmethod
    def of_path(cls, path: str) -> Format:
        """The format that a file's name promises; raises UsageError for another.

        >>> Format.of_path("spells/config.yml")
        <Format.YAML: 'yaml'>
        """
        suffix = os.path.splitext(path)[1].lstrip(".").lower()
        found = {"json": cls.JSON, "toml": cls.TOML, "yaml": cls.YAML, "yml": cls.YAML}.get(suffix)
        if found is None:
            close = nearest(suffix, list(cls))
            raise UsageError(
                f"{path[:300]!r} has no suffix of a document: .json, .toml, .yaml and .yml are known"
                + (f"; did you mean .{close}?" if close else "")
            )
        return found


def read_document(text: str, form: Format) -> Any:
    """The value of a document; raises DocumentError with the line where the format's reader knows it.

    >>> read_document("[agent]\\nname = 'critic'", Format.TOML)
    {'agent': {'name': 'critic'}}
    >>> read_document('{"a": 1, "a": 2}', Format.JSON)
    Traceback (most recent call last):
    llmspell.utils.documents.DocumentError: is no JSON: the key 'a' stands twice in one map
    """
    match form:
        case Format.JSON:
            return _read_json(text)
        case Format.TOML:
            return _read_toml(text)
        case Format.YAML:
            from llmspell.utils.yaml_text import read_yaml  # 46 ms

            return read_yaml(text)


def write_document(value: Any, form: Format, *, indent: int | None = 2) -> str:
    """A value as a document, keys in their order; raises DocumentError for what the format cannot say, with the place.

    `indent` is JSON's; None writes one line.

    >>> print(write_document({"name": "critic", "tools": ["calculator"]}, Format.YAML), end="")
    name: critic
    tools:
    - calculator
    >>> write_document({"agent": {"name": None}}, Format.TOML)
    Traceback (most recent call last):
    llmspell.utils.documents.DocumentError: value.agent.name is nil, which TOML cannot say
    """
    _check(value, "value", form, ())
    match form:
        case Format.JSON:
            return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
        case Format.TOML:
            import tomli_w

            if not isinstance(value, dict):
                raise DocumentError(f"value is {_kind(value)}, and a TOML document is a map")
            return tomli_w.dumps(value)
        case Format.YAML:
            from llmspell.utils.yaml_text import write_yaml

            return write_yaml(value)


def convert_format(text: str, source: Format, target: Format) -> str:
    """A document in another format; comments are lost, TOML's dates become text. Raises DocumentError.

    >>> convert_format("a: [1, 2]", Format.YAML, Format.TOML)
    'a = [\\n    1,\\n    2,\\n]\\n'
    """
    value = read_document(text, source)
    return write_document(value if target is source else _with_dates_as_text(value), target)


def deep_merge(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both maps in one: where both have a map they are merged, else what `other` says replaces it, lists too.

    Neither is changed. Containers that only one of them has are shared with it.

    >>> deep_merge({"limits": {"cpu": 1, "wall": 2}, "tools": ["a"]}, {"limits": {"cpu": 5}, "tools": []})
    {'limits': {'cpu': 5, 'wall': 2}, 'tools': []}
    """
    merged = dict(base)
    for key, above in other.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(above, Mapping)
        merged[key] = deep_merge(below, above) if both else above  # type: ignore[arg-type]
    return merged


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_map_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise DocumentError(f"is no JSON: {error.msg.lower()}", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise DocumentError("is no JSON that can be read: it is nested too deeply") from None
    except ValueError as error:  # an integer of over 4300 digits
        raise DocumentError(f"is no JSON that can be read: {str(error)[:100].lower()}") from None


def _map_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DocumentError(f"is no JSON: the key {twice[:100]!r} stands twice in one map")
    return made


def _no_constant(name: str) -> Any:
    raise DocumentError(f"is no JSON: it has no {name}")


def _read_toml(text: str) -> Any:
    import re
    import tomllib  # 20 ms

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DocumentError("is no TOML that can be read: it is nested too deeply") from None
    except ValueError as error:
        place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z", str(error))
        reason = str(error)[: place.start()] if place else str(error)
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (None, None)
        raise DocumentError(f"is no TOML: {reason[:1].lower()}{reason[1:200]}", line=line, column=column) from None


def _kind(value: Any) -> str:
    return "nil" if value is None else f"of type {type(value).__name__}"


def _check(value: Any, place: str, form: Format, above: tuple[int, ...]) -> None:
    """Raises DocumentError at the first value that the format cannot say."""
    if id(value) in above or len(above) > MAX_DEPTH:
        raise DocumentError(f"{place[:200]} is nested deeper than {MAX_DEPTH} levels, or holds itself")
    match value:
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise DocumentError(f"{place} has a key that is no text but {_kind(key)}")
                _check_text(key, f"a key of {place}")
                _check(item, f"{place}.{key}" if key.isidentifier() else f"{place}[{key!r}]", form, (*above, id(value)))
        case list():
            for at, item in enumerate(value):
                _check(item, f"{place}[{at}]", form, (*above, id(value)))
        case None if form is Format.TOML:
            raise DocumentError(f"{place} is nil, which TOML cannot say")
        case float() if form is Format.JSON and not -float("inf") < value < float("inf"):
            raise DocumentError(f"{place} is {value}, which JSON cannot say")
        case str():
            _check_text(value, place)
        case None | bool() | int() | float():
            pass
        case _ if form is Format.TOML and _is_moment(value):
            pass
        case _:
            raise DocumentError(f"{place} is {_kind(value)}, which {form.upper()} cannot say")


def _check_text(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DocumentError(f"{place} is text that is no valid Unicode (a lone surrogate)") from None


def _is_moment(value: Any) -> bool:
    import datetime

    return isinstance(value, (datetime.date, datetime.time))


def _with_dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_dates_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_dates_as_text(item) for item in value]
    return value.isoformat() if _is_moment(value) else value
