"""The calculator's expressions: a number of 64 bits or a refusal with a reason, at once, whatever is typed."""

from __future__ import annotations

from time import process_time
from typing import Any

from fuzz.target import Check, Defect, Target
from llmspell.errors import CallError
from llmspell.tools.calculator import Calculator
from llmspell.tools.expression import compiled
from llmspell.tools.tool import ToolGrants

MOST_SECONDS = 0.5
"""Of processor time, for one expression; the slowest takes some 10 ms."""
_VARIABLES = {"x": 2, "y": -0.5, "big": 2**63 - 1, "none": 0}


def _make() -> Check:
    calculator, grants = Calculator(), ToolGrants()

    def check(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        began = process_time()
        valid = calculator.execute({"operation": "validate", "input": text}, grants)["result"]
        try:
            found = calculator.execute({"input": text, "variables": _VARIABLES}, grants)["result"]
        except CallError as error:
            assert error.kind.value == "validation"
            assert 0 < len(error.message) < 2000
        else:
            assert valid["valid"], f"{text!r} has the value {found['result']!r} and is said to be invalid"
            _check_result(found["result"], found["result_type"])
        assert process_time() - began < MOST_SECONDS
        compiled.cache_clear()

    return check


def _check_result(result: Any, kind: str) -> None:
    match kind:
        case "integer":
            assert type(result) is int
            assert -(2**63) <= result < 2**63
        case "float":
            assert type(result) is float
            assert result - result == 0
        case _:
            assert result in ("Infinity", "-Infinity", "NaN"), result


def _seeds() -> dict[str, bytes]:
    expressions = {
        "precedence": "2 + 3 * 4 ^ 2 - -1",
        "variables": "sqrt(x^2 + y^2) * exp(-x) % 3",
        "functions": "max(1, 2, round(0.1, pi())) + log(2, 8) + abs(-big)",
        "logic": "!(x > 1 && y <= 2 or none == 0) || 1 != 2",
        "numbers": "1.5e10 / .25 + 9223372036854775807",
        "special": "1 / none + ln(-1) + asin(2)",
        "nested": "((((((((1))))))))",
        "powers": "2 ** 3 ** 2 - (-8) ^ (1 / 3)",
        "rounding": "floor(-1.5) + ceil(1.2) + int(2.9) + round(2.5) + sign(y)",
        "edges": "int(9.2e18) + floor(-9.2e18)",
        "refused": "2 +* 3",
        "unknown": "sinn(1)",
    }
    return {name: text.encode() for name, text in expressions.items()}


CALCULATOR = Target(
    "calculator",
    "expressions of the tool calculator",
    _make,
    _seeds,
    (
        *(b"sin(", b"exp(", b"sqrt(", b"round(", b"log(", b"min(", b"max(", b"sinh(", b"big", b"none", b"x", b"y"),
        *(b"pi()", b"&&", b"||", b"**", b"^", b"==", b"<=", b"1e308", b"9223372036854775807", b"((((((((", b"--------"),
        *(b"1/0", b"0.5", b" and ", b" or ", b"\xc2\xb2", b"\xd9\xa3", b"!", b"%"),
    ),
    {
        "an-overflow": Defect("llmspell/tools/expression.py", "except OverflowError:", "except FloatingPointError:"),
        "no-bound-on-nesting": Defect("llmspell/tools/expression.py", "MOST_NESTING = 64", "MOST_NESTING = 10**9"),
        "an-integer-too-large": Defect(
            "llmspell/tools/arithmetic.py",
            "return whole if INT_LEAST <= whole <= INT_MOST else float(whole)",
            "return whole",
        ),
        "any-digit": Defect("llmspell/tools/expression.py", "if char in _DIGITS or", "if char.isdigit() or"),
    },
)
