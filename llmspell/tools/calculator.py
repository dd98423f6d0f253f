"""The tool `calculator`: values of expressions with variables, without evaluating anything as Python.

The rule kept here: an expression is known by its text, so one that was seen before costs no parsing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.tools.answer import answer, invalid, needed
from llmspell.tools.arithmetic import Number
from llmspell.tools.expression import ExpressionError, compiled, evaluate
from llmspell.tools.tool import ToolGrants

MOST_VARIABLES = 100
"""Variables that one call may bring."""

_INPUT = ("input", "expression", "text", "content", "data")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {
            "type": "string",
            "enum": ["evaluate", "validate", "functions"],
            "default": "evaluate",
            "description": "evaluate the expression, say whether it is one, or list what it may use",
        },
        "input": {"type": "string", "description": "the expression, such as 'sqrt(x^2 + y^2)'"},
        "variables": {
            "type": "object",
            "additionalProperties": {"type": "number"},
            "default": {},
            "description": "numbers by the names that the expression uses, such as {x = 5}",
        },
        **{
            older: {"type": "string", "deprecated": True, "description": "older spelling of input"}
            for older in _INPUT[1:]
        },
    },
    "required": [],
    "additionalProperties": False,
}
_LISTED: Mapping[str, Any] = {
    "arithmetic": ["+", "-", "*", "/", "%", "^"],
    "comparison": ["==", "!=", "<", ">", "<=", ">="],
    "logical": ["&&", "||", "!"],
    "trigonometric": ["sin", "cos", "tan", "asin", "acos", "atan"],
    "hyperbolic": ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"],
    "mathematical": ["sqrt", "exp", "ln", "log", "abs", "sign"],
    "rounding": ["int", "ceil", "floor", "round"],
    "constants": ["pi()", "e()"],
    "utility": ["min", "max"],
    "examples": {
        "basic": "2 + 3 * 4",
        "variables": "x^2 + y^2",
        "trigonometry": "sin(pi() / 2) + cos(0)",
        "complex": "sqrt(x^2 + y^2) * exp(-t)",
        "logarithms": "log(10, 100) + ln(e())",
    },
    "note": "angles are radians; deg / 360 * 2 * pi() converts degrees",
}
_SPECIAL = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


class Calculator:
    """Operations `evaluate`, `validate` and `functions`."""

    __slots__ = ()
    name = "calculator"
    description = "Mathematical expression calculator with variables and scientific functions"
    category = "utility"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = False

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:  # noqa: ARG002
        """The answer of one call; raises `CallError` of kind `validation`."""
        operation = parameters.get("operation") or "evaluate"
        if operation == "functions":
            return answer(operation, "available functions and operators", dict(_LISTED))
        text = parameters.get("input")
        if text is None:
            text = needed(self.name, operation, parameters, _INPUT)
        if operation == "validate":
            return _validated(text)
        variables: dict[str, Number] = parameters.get("variables") or {}
        if len(variables) > MOST_VARIABLES:
            raise invalid(self.name, f"{len(variables):,} variables, the most is {MOST_VARIABLES}", "variables")
        try:
            value = evaluate(compiled(text), variables)
        except ExpressionError as error:
            raise invalid(self.name, str(error), "input") from None
        written = repr(value)
        kind = "integer" if type(value) is int else "float"
        result: Number | str = value
        if written in _SPECIAL:
            result = written = _SPECIAL[written]
            kind = "special"
        found = {"input": text, "result": result, "result_type": kind, "variables": variables}
        return answer("evaluate", "expression evaluated", found, written)


def _validated(text: str) -> dict[str, Any]:
    try:
        compiled(text)
    except ExpressionError as error:
        found = {"input": text[:1000], "valid": False, "error": str(error)}
        return answer("validate", "expression is not valid", found)
    return answer("validate", "expression is valid", {"input": text, "valid": True})
