"""The calculator's numbers: every operator and function, each bounded to int64 and float64.

The rule kept here: no operation ever makes an integer of more than 128 bits or a complex number, so none can
take long. Whole numbers are exact while they fit int64 and become floats beyond. What overflows a float
raises `OverflowError`; division by zero and arguments outside a function's domain give infinities and NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

Number = int | float

INT_LEAST, INT_MOST = -(2**63), 2**63 - 1
_EXACT_FLOAT = 2.0**52


def fit(whole: int) -> Number:
    """The whole number itself while it fits int64, else the nearest float."""
    return whole if INT_LEAST <= whole <= INT_MOST else float(whole)


def _settle(value: Number, left: Number, right: Number) -> Number:
    if type(value) is int:
        return float(value)
    if value - value != 0.0 and math.isfinite(left) and math.isfinite(right):
        raise OverflowError
    return value


def add(left: Number, right: Number) -> Number:
    """`left + right`"""
    value = left + right
    if type(value) is int and INT_LEAST <= value <= INT_MOST:
        return value
    return _settle(value, left, right)


def subtract(left: Number, right: Number) -> Number:
    """`left - right`"""
    value = left - right
    if type(value) is int and INT_LEAST <= value <= INT_MOST:
        return value
    return _settle(value, left, right)


def multiply(left: Number, right: Number) -> Number:
    """`left * right`"""
    value = left * right
    if type(value) is int and INT_LEAST <= value <= INT_MOST:
        return value
    return _settle(value, left, right)


def divide(left: Number, right: Number) -> Number:
    """`left / right`, whole when it divides evenly; by zero an infinity or NaN."""
    if right == 0:
        if left == 0 or left != left:
            return math.nan
        return math.copysign(math.inf, math.copysign(1.0, left) * math.copysign(1.0, right))
    if type(left) is int and type(right) is int and left % right == 0:
        return fit(left // right)
    return _settle(left / right, left, right)


def modulo(left: Number, right: Number) -> Number:
    """`left % right` with the sign of `left`; NaN when `right` is zero."""
    if right == 0:
        return math.nan
    if type(left) is int and type(right) is int:
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return math.nan if math.isinf(left) else math.fmod(left, right)


def power(left: Number, right: Number) -> Number:
    """`left ^ right`; NaN for a fractional power of a negative number."""
    if type(left) is int and type(right) is int and right >= 0 and left.bit_length() * right <= 64:
        return fit(left**right)
    if left in (1, -1) and type(right) is int:
        return left if right % 2 else 1
    if left == 0 and right < 0:
        return math.inf
    try:
        return math.pow(left, right)
    except ValueError:
        return math.nan


def negate(value: Number) -> Number:
    """`-value`"""
    return fit(-value) if type(value) is int else -value


def invert(value: Number) -> Number:
    """`!value`: 1 for zero, else 0."""
    return 0 if value else 1


def _inside(function: Callable[[float], float], outside: float = math.nan) -> Callable[[Number], Number]:
    """`function`, with `outside` where its argument is outside its domain."""

    def call(value: Number) -> Number:
        try:
            return function(value)
        except ValueError:
            return outside

    return call


def _whole(function: Callable[[float], int]) -> Callable[[Number], Number]:
    def call(value: Number) -> Number:
        return fit(function(value)) if math.isfinite(value) else value

    return call


def _logarithm(*values: Number) -> Number:
    base, value = values if len(values) == 2 else (10, values[0])
    below, above = _natural(base), _natural(value)
    if base == 10 and value > 0:
        return math.log10(value)
    return divide(above, below)


def _natural(value: Number) -> Number:
    if value == 0:
        return -math.inf
    return math.log(value) if value > 0 else math.nan


def _square_root(value: Number) -> Number:
    return math.sqrt(value) if value >= 0 else math.nan


def _half_away(value: float) -> int:
    if type(value) is int or abs(value) >= _EXACT_FLOAT:
        return int(value)
    nearest = int(abs(value))
    nearest += abs(value) - nearest >= 0.5
    return -nearest if value < 0 else nearest


def _round(*values: Number) -> Number:
    if len(values) == 1:
        return _whole(_half_away)(values[0])
    step, value = values
    return multiply(_whole(_half_away)(divide(value, step)), step)


def _sign(value: Number) -> Number:
    if value == 0 or value != value:
        return value and math.nan
    return 1 if value > 0 else -1


class Function(NamedTuple):
    """A function of the calculator: how many arguments it takes (`most` None: any number), and what it is."""

    least: int
    most: int | None
    call: Callable[..., Number]


def _of_one(call: Callable[[Number], Number]) -> Function:
    return Function(1, 1, call)


FUNCTIONS: dict[str, Function] = {
    **{name: _of_one(_inside(getattr(math, name))) for name in ("sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: _of_one(_inside(getattr(math, name))) for name in ("sinh", "cosh", "tanh", "asinh", "acosh")},
    "atanh": _of_one(_inside(math.atanh)),
    "sqrt": _of_one(_square_root),
    "exp": _of_one(math.exp),
    "ln": _of_one(_natural),
    "log": Function(1, 2, _logarithm),
    "abs": _of_one(lambda value: fit(abs(value)) if type(value) is int else abs(value)),
    "sign": _of_one(_sign),
    "int": _of_one(_whole(math.trunc)),
    "ceil": _of_one(_whole(math.ceil)),
    "floor": _of_one(_whole(math.floor)),
    "round": Function(1, 2, _round),
    "min": Function(1, None, lambda *values: min(values)),
    "max": Function(1, None, lambda *values: max(values)),
    "pi": Function(0, 0, lambda: math.pi),
    "e": Function(0, 0, lambda: math.e),
}
"""The calculator's functions by name; angles are radians."""

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e}
"""Names that stand for a number unless a variable of that name is given."""

BINARY: dict[str, tuple[int, Callable[[Number, Number], Number]]] = {
    "||": (1, lambda left, right: left or right),
    "&&": (2, lambda left, right: left and right),
    "==": (3, lambda left, right: int(left == right)),
    "!=": (3, lambda left, right: int(left != right)),
    "<": (3, lambda left, right: int(left < right)),
    "<=": (3, lambda left, right: int(left <= right)),
    ">": (3, lambda left, right: int(left > right)),
    ">=": (3, lambda left, right: int(left >= right)),
    "+": (4, add),
    "-": (4, subtract),
    "*": (5, multiply),
    "/": (5, divide),
    "%": (5, modulo),
    "^": (7, power),
}
"""Binary operators: how tightly each binds, and what it does. Unary ones bind with 6."""
