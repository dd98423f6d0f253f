"""The calculator's language: text to a small program for a stack, and the run of that program.

The rule kept here: length, nesting and the number of arguments are bounded before anything is computed, and
nothing of the text is ever evaluated by Python. `ExpressionError` is the only thing raised at a script's
mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from llmspell.tools.arithmetic import (
    BINARY,
    CONSTANTS,
    FUNCTIONS,
    INT_LEAST,
    INT_MOST,
    Number,
    invert,
    negate,
)

MOST_CHARACTERS = 1000
"""Characters in one expression."""
MOST_NESTING = 64
"""Parentheses, calls, signs and powers inside one another."""
CACHED = 256
"""Programs kept for expressions that were seen before."""

_UNARY_BINDING = 6
_NAME_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_DIGITS = frozenset("0123456789")
_NAME_PART = _NAME_START | _DIGITS
_SPELLED = {"**": "^", "and": "&&", "or": "||"}
_TWO = frozenset(("||", "&&", "==", "!=", "<=", ">=", "**"))
_ONE = frozenset("+-*/%^<>!(),")


class ExpressionError(ValueError):
    """The expression is not one, or has no value that fits; the text says where and why."""


PUSH, LOAD, APPLY_TWO, APPLY_ONE, CALL = range(5)
"""What one step of a program does with its operand."""

Program = tuple[tuple[int, Any, int], ...]
"""Steps with an operand each (number, name, function) and, for `CALL`, the number of arguments."""


class _Token(NamedTuple):
    kind: str  # "number", "name", "operator", "end"
    text: str
    at: int


def _number_end(text: str, at: int) -> int:
    """Where the number that starts at `at` ends: digits, a fraction, an exponent with digits."""
    while at < len(text) and (text[at] in _DIGITS or text[at] == "."):
        at += 1
    if text[at : at + 1] in ("e", "E"):
        sign = 1 if text[at + 1 : at + 2] in ("+", "-") else 0
        if text[at + 1 + sign : at + 2 + sign] in _DIGITS:
            at += 2 + sign
            while at < len(text) and text[at] in _DIGITS:
                at += 1
    return at


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        start = at
        if char in " \t\r\n":
            at += 1
        elif char in _DIGITS or (char == "." and text[at + 1 : at + 2] in _DIGITS):
            at = _number_end(text, at)
            tokens.append(_Token("number", text[start:at], start))
        elif char in _NAME_START:
            while at < len(text) and text[at] in _NAME_PART:
                at += 1
            name = text[start:at]
            kind = "operator" if name in _SPELLED else "name"
            tokens.append(_Token(kind, _SPELLED.get(name, name), start))
        elif text[at : at + 2] in _TWO:
            at += 2
            tokens.append(_Token("operator", _SPELLED.get(text[start:at], text[start:at]), start))
        elif char in _ONE:
            at += 1
            tokens.append(_Token("operator", char, start))
        else:
            raise ExpressionError(f"character {char!r} at position {at + 1} is not part of an expression")
    tokens.append(_Token("end", "", len(text)))
    return tokens


def _number(token: _Token) -> Number:
    try:
        value: Number = int(token.text) if token.text.isdigit() else float(token.text)
    except ValueError:
        raise ExpressionError(f"{token.text[:40]!r} at position {token.at + 1} is not a number") from None
    if type(value) is int and value > INT_MOST:
        value = float(token.text)
    if value - value != 0:
        raise ExpressionError(f"{token.text[:40]!r} at position {token.at + 1} is too large for a 64-bit float")
    return value


class _Parser:
    """Reads tokens by the binding of operators and writes the steps of the program."""

    __slots__ = ("_at", "_depth", "_steps", "_tokens")

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._steps: list[tuple[int, Any, int]] = []

    def program(self) -> Program:
        self._operators(1)
        token = self._tokens[self._at]
        if token.kind != "end":
            raise self._unexpected(token)
        return tuple(self._steps)

    def _unexpected(self, token: _Token) -> ExpressionError:
        if token.kind == "end":
            return ExpressionError("the expression ends too early")
        return ExpressionError(f"unexpected {token.text[:40]!r} at position {token.at + 1}")

    def _take(self, text: str) -> None:
        token = self._tokens[self._at]
        if token.kind != "operator" or token.text != text:
            raise self._unexpected(token)
        self._at += 1

    def _operators(self, least: int) -> None:
        """An operand and every operator after it that binds at least as tightly as `least`."""
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise ExpressionError(f"the expression is nested deeper than {MOST_NESTING} levels")
        self._operand()
        while True:
            token = self._tokens[self._at]
            if token.kind != "operator" or token.text not in BINARY or BINARY[token.text][0] < least:
                break
            self._at += 1
            binding, operation = BINARY[token.text]
            self._operators(binding if token.text == "^" else binding + 1)
            self._steps.append((APPLY_TWO, operation, 0))
        self._depth -= 1

    def _operand(self) -> None:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "number":
            self._steps.append((PUSH, _number(token), 0))
        elif token.kind == "name":
            self._name(token)
        elif token.text == "(":
            self._operators(1)
            self._take(")")
        elif token.text in ("-", "+", "!"):
            self._operators(_UNARY_BINDING)
            if token.text != "+":
                self._steps.append((APPLY_ONE, negate if token.text == "-" else invert, 0))
        else:
            raise self._unexpected(token)

    def _name(self, token: _Token) -> None:
        following = self._tokens[self._at]
        if following.kind != "operator" or following.text != "(":
            self._steps.append((LOAD, token.text, 0))
            return
        self._at += 1
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise ExpressionError(_unknown("function", token.text, list(FUNCTIONS)))
        count = self._arguments()
        if count < function.least or (function.most is not None and count > function.most):
            raise ExpressionError(f"function {token.text!r} does not take {count} argument(s)")
        self._steps.append((CALL, function.call, count))

    def _arguments(self) -> int:
        count = 0
        while self._tokens[self._at].text != ")":
            if count:
                self._take(",")
            self._operators(1)
            count += 1
        self._at += 1
        return count


def _unknown(what: str, name: str, known: list[str]) -> str:
    from llmspell.tools.answer import hint, shown

    return f"unknown {what} {shown(name)}{hint(name, known)}"


@lru_cache(maxsize=CACHED)
def compiled(text: str) -> Program:
    """The program of an expression; raises `ExpressionError`. Kept for texts that were seen before."""
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"the expression has {len(text):,} characters, the most is {MOST_CHARACTERS:,}")
    return _Parser(text).program()


def _variable(name: str, variables: Mapping[str, Number]) -> Number:
    value = variables.get(name)
    if value is None:
        value = CONSTANTS.get(name)
    if value is None:
        raise ExpressionError(_unknown("variable", name, [*variables, *CONSTANTS]) + "; pass it in 'variables'")
    if type(value) is int and not INT_LEAST <= value <= INT_MOST:
        raise ExpressionError(f"variable {name!r} does not fit in 64 bits")
    return value


def evaluate(program: Program, variables: Mapping[str, Number]) -> Number:
    """The value of a program; raises `ExpressionError`: an unknown variable, a value that does not fit."""
    stack: list[Number] = []
    push = stack.append
    pop = stack.pop
    try:
        for step, operand, count in program:
            if step == PUSH:
                push(operand)
            elif step == APPLY_TWO:
                right = pop()
                push(operand(pop(), right))
            elif step == LOAD:
                value = variables.get(operand)
                if type(value) is int and INT_LEAST <= value <= INT_MOST:  # what nearly every variable is
                    push(value)
                else:
                    push(_variable(operand, variables))
            elif step == APPLY_ONE:
                stack[-1] = operand(stack[-1])
            else:
                arguments = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                push(operand(*arguments))
    except OverflowError:
        raise ExpressionError("the value is too large for a 64-bit float") from None
    return stack[0]
