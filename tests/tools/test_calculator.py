"""The tool `calculator`: its operations, its bounds, and that hostile expressions end at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.calculator import Calculator
from llmspell.tools.check import check_parameters
from llmspell.tools.expression import ExpressionError, compiled, evaluate
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


def must_be_validation(error: CallError) -> None:
    assert error.kind is ErrorKind.VALIDATION


def value(text: str, **variables: float) -> float:
    return evaluate(compiled(text), variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4 - 6 / 2", 11),
        ("((2 + 3) * (4 - 1)) / 5", 3),
        ("2^3 + 3**2", 17),
        ("2^3^2", 512),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("-17 % 5", -2),
        ("17 % -5", 2),
        ("5.5 % 2", 1.5),
        ("-5 * -3", 15),
        ("+4", 4),
        ("7 / 2", 3.5),
        ("1e3 + .5", 1000.5),
        ("5 > 3", 1),
        ("10 <= 5", 0),
        ("1 == 1.0", 1),
        ("1 != 2", 1),
        ("2 < 2 || 2 >= 2", 1),
        ("1 && 0", 0),
        ("(5 > 3) and (10 < 20) or 0", 1),
        ("!1", 0),
        ("!0", 1),
        ("pi", math.pi),
        ("pi() / 2", math.pi / 2),
        ("sqrt(16)", 4),
        ("exp(0)", 1),
        ("ln(e())", 1),
        ("log(10, 100)", 2),
        ("log(1000)", 3),
        ("log(2, 8)", 3),
        ("abs(-3) + abs(-3.5)", 6.5),
        ("sign(-2) + sign(0) + sign(9.5)", 0),
        ("int(-2.7)", -2),
        ("ceil(1.2) + floor(1.8)", 3),
        ("round(2.5) + round(-2.5)", 0),
        ("round(3)", 3),
        ("round(0.1, 1.26)", 1.3),
        ("round(1e300)", 1e300),
        ("min(3, 1, 2) + max(1, 5)", 6),
        ("1^100000000000", 1),
        ("(-1)^100000000001", -1),
        ("0^0", 1),
        ("10^20", 1e20),
        ("9223372036854775807 + 1", 2.0**63),
        ("-9223372036854775807 - 1", -(2**63)),
        ("99999999999999999999", 1e20),
        ("sinh(0) + cosh(0) + tanh(0) + asinh(0) + acosh(1) + atanh(0)", 1),
        ("sin(0) + cos(0) + tan(0) + asin(0) + acos(1) + atan(0)", 1),
    ],
)
def test_expression_has_this_value(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / 0", "Infinity"),
        ("-1 / 0", "-Infinity"),
        ("0 / 0", "NaN"),
        ("5 % 0", "NaN"),
        ("sqrt(-1)", "NaN"),
        ("ln(0)", "-Infinity"),
        ("ln(-1)", "NaN"),
        ("asin(2)", "NaN"),
        ("(-8)^0.5", "NaN"),
        ("0^-1", "Infinity"),
        ("(1/0) % 2", "NaN"),
        ("sign(0/0)", "NaN"),
        ("floor(1/0)", "Infinity"),
        ("1/0 + 1", "Infinity"),
    ],
)
def test_no_number_is_special(call: Call, text: str, expected: str) -> None:
    done = call("calculator", input=text)
    assert done["result"]["result"] == expected
    assert done["result"]["result_type"] == "special"
    assert done["text"] == expected


def test_evaluate_answers_with_the_names_of_the_original(call: Call) -> None:
    done = call("calculator", operation="evaluate", input="x^2 + y^2", variables={"x": 3, "y": 4.0})
    assert done == {
        "success": True,
        "operation": "evaluate",
        "message": "expression evaluated",
        "text": "25.0",
        "result": {
            "input": "x^2 + y^2",
            "result": 25.0,
            "result_type": "float",
            "variables": {"x": 3, "y": 4.0},
        },
    }
    assert call("calculator", input="1+1")["result"]["result_type"] == "integer"


@pytest.mark.parametrize("older", ["expression", "text", "content", "data"])
def test_older_spellings_of_input(call: Call, older: str) -> None:
    assert call("calculator", **{older: "2 + 2"})["result"]["result"] == 4


def test_variables_shadow_constants(call: Call) -> None:
    assert call("calculator", input="pi * 2", variables={"pi": 3})["result"]["result"] == 6


def test_validate_says_what_is_wrong(call: Call) -> None:
    assert call("calculator", operation="validate", input="x + 1")["result"] == {
        "input": "x + 1",
        "valid": True,
    }
    found = call("calculator", operation="validate", input="(2 + 3")["result"]
    assert found["valid"] is False
    assert "ends too early" in found["error"]


def test_functions_lists_only_what_exists(call: Call) -> None:
    found = call("calculator", operation="functions")["result"]
    for group in ("trigonometric", "hyperbolic", "mathematical", "rounding", "utility"):
        for name in found[group]:
            compiled(f"{name}(1)")
    for text in found["examples"].values():
        compiled(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("1 2", "unexpected '2'"),
        ("1 + )", "unexpected ')'"),
        ("(1", "ends too early"),
        ("f(1)", "unknown function 'f'"),
        ("sqr(1)", "did you mean 'sqrt'"),
        ("sqrt()", "does not take 0"),
        ("sin(1, 2)", "does not take 2"),
        ("min()", "does not take 0"),
        ("min(1 2)", "unexpected '2'"),
        ("x + y", "unknown variable 'x'"),
        ("1 << 10", "unexpected '<'"),
        ("5!", "unexpected '!'"),
        ("1.2.3", "is not a number"),
        ("1..2", "is not a number"),
        ("a = 1", "character '='"),
        ("__import__('os')", 'character "\'"'),
        ("x.y", "character '.'"),
        ("²", "character '²'"),
        ("1e999", "too large"),
        ("9^9^9", "too large"),
        ("9**9**7", "too large"),
        ("1e308 * 10", "too large"),
        ("1e308 + 1e308", "too large"),
        ("exp(1000)", "too large"),
        ("cosh(1000)", "too large"),
        ("2 ^ 99999999999999999999", "too large"),
        ("factorial(10^9)", "unknown function"),
        ("(" * 100 + "1" + ")" * 100, "nested deeper"),
        ("-" * 500 + "1", "nested deeper"),
        ("^".join(["1"] * 200), "nested deeper"),
        ("1+" * 500 + "1", "characters, the most"),
    ],
)
def test_mistakes_are_refused_at_once(refused: Refusal, text: str, said: str) -> None:
    started = time.thread_time()
    assert said in refused("calculator", operation="evaluate", input=text)
    assert time.thread_time() - started < 5


def test_long_chain_of_terms_is_fine() -> None:
    assert value("+".join(["1"] * 500)) == 500


def test_variables_are_bounded_numbers(refused: Refusal) -> None:
    many = {f"v{number}": number for number in range(101)}
    assert "101 variables" in refused("calculator", input="v1", variables=many)
    assert "64 bits" in refused("calculator", input="x", variables={"x": 2**64})
    said = refused("calculator", input="x", variables={"x": "hello"})
    assert "parameter 'variables.x' must be number, not string" in said
    assert "did you mean 'radius'" in refused("calculator", input="radios", variables={"radius": 1})


def test_missing_input_is_named(refused: Refusal) -> None:
    assert "needs the parameter 'input'" in refused("calculator", operation="evaluate")


_leaves = st.integers(0, 50).map(str) | st.sampled_from(["x", "y", "0.5", "2.25", "1e2"])
_expressions = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "<", ">=", "==", "!="]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        st.tuples(inner, st.sampled_from(["0", "1", "2", "3"])).map(lambda parts: f"(({parts[0]})^{parts[1]})"),
        inner.map(lambda text: f"(-{text})"),
        inner.map(lambda text: f"abs({text})"),
        st.tuples(inner, inner).map(lambda parts: f"max({parts[0]}, {parts[1]})"),
    ),
    max_leaves=12,
)


def must_be_a_bound(error: ExpressionError) -> None:
    assert "nested" in str(error) or "characters" in str(error) or "too large" in str(error)


@given(_expressions, st.integers(-20, 20), st.floats(-20, 20, allow_subnormal=False))
@settings(deadline=None)
def test_agrees_with_python(text: str, x: int, y: float) -> None:
    try:
        expected = eval(text.replace("^", "**"), {"abs": abs, "max": max, "x": x, "y": y})
    except ZeroDivisionError:
        return
    if abs(expected) > 1e300:
        return
    try:
        found = value(text, x=x, y=y)
    except ExpressionError as error:
        must_be_a_bound(error)
        return
    assert found == pytest.approx(float(expected), rel=1e-6, abs=1e-6)


@given(st.text(alphabet="0123456789.eE+-*/%^()<>=!&|, abpinsqrt_x", max_size=60) | st.text(max_size=40))
@settings(deadline=None, max_examples=500)
def test_garbage_is_refused_or_a_number(text: str) -> None:
    tool = Calculator()
    try:
        done = tool.execute(check_parameters(tool, {"input": text, "variables": {"x": 2}}), ToolGrants())
    except CallError as error:
        must_be_validation(error)
    else:
        result = done["result"]["result"]
        assert result in ("NaN", "Infinity", "-Infinity") or math.isfinite(result)
