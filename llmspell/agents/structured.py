"""Answers of a prescribed shape: text of a model as a value that satisfies a JSON schema.

The schema may be a script's and the text is a model's, so both are checked under the budget of `bounded_schema.py`;
what patterns in the schema decide is not checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.bounded_schema import BadSchemaError, BoundedSchema, without_patterns
from llmspell.types.reading import MalformedError, check_sendable
from llmspell.utils.documents import DocumentError, Format, read_document

PLACE = "answer"
MOST_SAID = 3
"""Misfits that are told at once: enough to put them right together."""


class AnswerSchema:
    """A schema that answers are to satisfy. Raises CallError (`validation`) when it is none."""

    __slots__ = ("_checker", "_said")

    def __init__(self, schema: Mapping[str, Any], *, place: str) -> None:
        try:
            check_sendable(schema, place)
            self._checker = BoundedSchema(without_patterns(schema))
            self._said = json.dumps(schema)
        except BadSchemaError as fault:
            raise MalformedError(place, f"is no schema to answer by: {fault}") from None
        except (TypeError, ValueError, RecursionError):
            raise MalformedError(place, "is no JSON") from None

    def read(self, text: str) -> Any:
        """The value of an answer. Raises MalformedError, with the place in the answer, for one that does not fit."""
        try:
            value = read_document(_unfenced(text), Format.JSON)
        except (DocumentError, RecursionError) as error:
            why = str(error) if isinstance(error, DocumentError) else "is nested too deeply"
            raise MalformedError(PLACE, why) from None
        check_sendable(value, PLACE)
        try:
            errors = self._checker.errors(value, most=MOST_SAID)
        except BadSchemaError as fault:
            raise CallError(ErrorKind.VALIDATION, f"answer_schema: {fault}", {"field": "answer_schema"}) from None
        if errors:
            said = [f"{_place(error.absolute_path)} does not fit: {error.message[:200]}" for error in errors]
            place = _place(errors[0].absolute_path)
            raise MalformedError(place, "; ".join(said).removeprefix(f"{place} "))
        return value

    @property
    def rule(self) -> str:
        """What a model is told that cannot be held to a schema."""
        return f"Answer with JSON that fits this schema and nothing else:\n{self._said}"

    def again(self, misfit: MalformedError) -> str:
        """What a model is asked whose answer did not fit."""
        return f"That answer cannot be used: {misfit.message[:1000]}\n{self.rule}"


def _unfenced(text: str) -> str:
    """The text inside a Markdown fence, which models like to put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") : -3]
    return text


def _place(path: Any) -> str:
    return PLACE + "".join(f"[{part}]" if isinstance(part, int) else f".{str(part)[:100]}" for part in path)
