"""A small part of jq: paths, pipes, `select`, comparisons, lists and maps. The grammar, loosest first:

    pipe    = comma { "|" comma }          comma   = either { "," either }
    either  = both { "or" both }           both    = compare { "and" compare }
    compare = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]
    sum     = product { ("+" | "-") product }       product = path { ("*" | "/" | "%") path }
    path    = ( "." [name] | literal | "[" [pipe] "]" | "{" members "}" | "(" pipe ")" | "-" path | function )
              { "." name | "[" "]" | "[" pipe "]" | "[" from ":" to "]" | "?" }

The rule kept here: a query is bounded in length and depth before it runs, and it can neither loop,
recurse, define, use regular expressions nor read anything but its input; what it does is counted in
`json_filters.py`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from llmspell.tools import json_filters as filters
from llmspell.tools.json_order import Filter, QueryError

MOST_CHARACTERS = 2000
"""Characters of a query."""
MOST_TOKENS = 400
"""Names, numbers and signs in a query."""
MOST_NESTING = 40
"""Brackets inside one another."""

_NAME_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_DIGITS = frozenset("0123456789")
_SYMBOLS = ("==", "!=", "<=", ">=", *".[](){}|,:?<>+-*/%")


class _Token(NamedTuple):
    kind: str  # "name", "text", "number", "symbol", "end"
    text: str
    at: int


def _tokens(query: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(query):
        start, char = at, query[at]
        if char in " \t\r\n":
            at += 1
            continue
        if char == '"':
            at = _text_end(query, at)
            kind = "text"
        elif char in _DIGITS:
            at = _number_end(query, at)
            kind = "number"
        elif char in _NAME_START:
            while at < len(query) and (query[at] in _NAME_START or query[at] in _DIGITS):
                at += 1
            kind = "name"
        else:
            symbol = next((each for each in _SYMBOLS if query.startswith(each, at)), None)
            if symbol is None:
                raise QueryError(f"character {char!r} at position {at + 1} is not part of a query")
            at += len(symbol)
            kind = "symbol"
        tokens.append(_Token(kind, query[start:at], start))
    tokens.append(_Token("end", "", len(query)))
    if len(tokens) > MOST_TOKENS:
        raise QueryError(f"the query has {len(tokens)} parts, the most is {MOST_TOKENS}")
    return tokens


def _text_end(query: str, at: int) -> int:
    start = at
    at += 1
    while at < len(query) and query[at] != '"':
        at += 2 if query[at] == "\\" else 1
    if at >= len(query):
        raise QueryError(f"the text that begins at position {start + 1} does not end")
    return at + 1


def _number_end(query: str, at: int) -> int:
    while at < len(query) and (query[at] in _DIGITS or query[at] == "."):
        at += 1
    return at


class _Parser:
    __slots__ = ("_at", "_depth", "_tokens")

    def __init__(self, query: str) -> None:
        self._tokens = _tokens(query)
        self._at = 0
        self._depth = 0

    def parsed(self) -> Filter:
        made = self._pipe()
        if self._tokens[self._at].kind != "end":
            raise self._unexpected()
        return made

    def _unexpected(self) -> QueryError:
        token = self._tokens[self._at]
        if token.kind == "end":
            return QueryError("the query ends too early")
        return QueryError(f"unexpected {token.text[:40]!r} at position {token.at + 1}")

    def _next_is(self, *texts: str) -> bool:
        token = self._tokens[self._at]
        return token.kind in ("symbol", "name") and token.text in texts

    def _accept(self, *texts: str) -> str | None:
        if not self._next_is(*texts):
            return None
        self._at += 1
        return self._tokens[self._at - 1].text

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            raise self._unexpected()

    def _pipe(self) -> Filter:
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise QueryError(f"the query is nested deeper than {MOST_NESTING} levels")
        made = [self._comma()]
        while self._accept("|"):
            made.append(self._comma())
        self._depth -= 1
        return made[0] if len(made) == 1 else filters.piped(made)

    def _comma(self) -> Filter:
        made = [self._either()]
        while self._accept(","):
            made.append(self._either())
        return made[0] if len(made) == 1 else filters.together(made)

    def _either(self) -> Filter:
        made = self._both()
        while self._accept("or"):
            made = filters.either(made, self._both())
        return made

    def _both(self) -> Filter:
        made = self._compare()
        while self._accept("and"):
            made = filters.both(made, self._compare())
        return made

    def _compare(self) -> Filter:
        made = self._sum()
        operator = self._accept("==", "!=", "<", "<=", ">", ">=")
        return made if operator is None else filters.applied(operator, made, self._sum())

    def _sum(self) -> Filter:
        made = self._product()
        while operator := self._accept("+", "-"):
            made = filters.applied(operator, made, self._product())
        return made

    def _product(self) -> Filter:
        made = self._path()
        while operator := self._accept("*", "/", "%"):
            made = filters.applied(operator, made, self._path())
        return made

    def _path(self) -> Filter:
        steps = [self._start()]
        while True:
            if self._next_is("."):
                self._at += 1
                if not self._next_is("["):
                    steps.append(filters.member(self._key()))
            elif self._next_is("["):
                steps.append(self._bracket())
            elif self._accept("?"):
                steps = [filters.forgiving(filters.piped(steps))]
            else:
                return steps[0] if len(steps) == 1 else filters.piped(steps)

    def _key(self) -> str:
        token = self._tokens[self._at]
        if token.kind not in ("name", "text"):
            raise self._unexpected()
        self._at += 1
        return token.text if token.kind == "name" else _text(token)

    def _bracket(self) -> Filter:
        self._expect("[")
        if self._accept("]"):
            return filters.EACH
        first = None if self._next_is(":") else self._pipe()
        if self._accept(":"):
            last = None if self._next_is("]") else self._pipe()
            self._expect("]")
            return filters.part(first, last)
        self._expect("]")
        assert first is not None
        return filters.looked_up(first)

    def _start(self) -> Filter:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "text":
            return filters.constant(_text(token))
        if token.kind == "number":
            return filters.constant(_number(token))
        if token.kind == "name":
            return self._named(token)
        if token.text == ".":
            following = self._tokens[self._at]
            near = following.at == token.at + 1 and following.kind in ("name", "text")
            return filters.member(self._key()) if near else filters.SAME
        if token.text == "(":
            made = self._pipe()
            self._expect(")")
            return made
        if token.text == "[":
            made = filters.NOTHING if self._next_is("]") else self._pipe()
            self._expect("]")
            return filters.listed(made)
        if token.text == "{":
            return self._map()
        if token.text == "-":
            return filters.applied("-", filters.constant(0), self._negated())
        self._at -= 1
        raise self._unexpected()

    def _negated(self) -> Filter:
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise QueryError(f"the query is nested deeper than {MOST_NESTING} levels")
        made = self._path()
        self._depth -= 1
        return made

    def _map(self) -> Filter:
        members: list[tuple[str, Filter]] = []
        while not self._accept("}"):
            if members:
                self._expect(",")
            key = self._key()
            self._depth += 1
            members.append((key, self._either_in_map() if self._accept(":") else filters.member(key)))
            self._depth -= 1
        return filters.mapped(members)

    def _either_in_map(self) -> Filter:
        if self._depth > MOST_NESTING:
            raise QueryError(f"the query is nested deeper than {MOST_NESTING} levels")
        return self._either()

    def _named(self, token: _Token) -> Filter:
        if token.text in filters.LITERALS:
            return filters.constant(filters.LITERALS[token.text])
        argument: Filter | None = None
        if self._accept("("):
            argument = self._pipe()
            self._expect(")")
        return filters.named(token.text, argument)


def _text(token: _Token) -> str:
    if "\\(" in token.text:
        raise QueryError("text with \\( ) in it is not supported")
    try:
        value = json.loads(token.text)
    except json.JSONDecodeError:
        raise QueryError(f"the text at position {token.at + 1} is not a JSON text") from None
    assert isinstance(value, str)
    return value


def _number(token: _Token) -> int | float:
    if len(token.text) <= 18 and token.text.isdecimal():
        return int(token.text)
    try:
        return float(token.text)
    except ValueError:
        raise QueryError(f"{token.text[:40]!r} at position {token.at + 1} is not a number") from None


@lru_cache(maxsize=128)
def compiled(query: str) -> Filter:
    """The filter that a query means; raises `QueryError`. Kept for queries that were seen before."""
    if len(query) > MOST_CHARACTERS:
        raise QueryError(f"the query has {len(query):,} characters, the most is {MOST_CHARACTERS:,}")
    return _Parser(query).parsed()
