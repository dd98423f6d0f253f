"""What a worker says that a script says: the names that it uses and does not define, its calls, its modules.

The rule kept here: a worker that has parsed a hostile source is hostile. Every field is looked at before it is used;
what is no fact is none of ours, and the whole of it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmspell.validate.finding import Position

MAX_FACTS = 6000
MAX_TEXT = 1000
MAX_DEPTH = 12
_WHOLE, _CUT = 0, 2
"""What a list or a map may hold beside what is told: nothing, or what was left out; else what cannot be read off."""

Place = tuple[int, int, int, int]


class MalformedError(ValueError):
    """What a worker said are no facts."""


class Literal(NamedTuple):
    """A value as far as it can be read off. `kind` is one of those in `KINDS`; `open` says that there may be more.

    `value` is a text, a number or a boolean, where it was told; `items` are those of a list, `entries` those of a map.
    `cut`: there are more that could have been told.
    """

    kind: str
    place: Place
    value: Any = None
    items: tuple[Literal, ...] = ()
    entries: tuple[tuple[str, Place, Literal], ...] = ()
    open: bool = False
    cut: bool = False


class Use(NamedTuple):
    """A use of a name that the script does not define. `use` is one of those in `USES`; `whole`: all members are told.

    `guarded`: the script catches what is raised there. A `test` with members asks whether the last one is there.
    """

    name: str
    place: Place
    use: str
    members: tuple[tuple[str, Place], ...]
    whole: bool
    arguments: tuple[Literal, ...]
    guarded: bool

    @property
    def is_test(self) -> bool:
        """Whether it only asks whether the name is there."""
        return self.use == "test" and not self.members


class Asked(NamedTuple):
    """A module that the script asks for by name; `paths` are the files that it may be in."""

    paths: tuple[str, ...]
    name: str
    place: Place
    guarded: bool


class Method(NamedTuple):
    """A method that is called of what a function gave: `use` is the call, its name one that the script defines."""

    function: tuple[str, ...]
    use: Use


class Facts(NamedTuple):
    """All of it. `open`: names may come to be in ways that were not seen. `lenient`: a name that nobody defines is
    nothing, and no error. `defined` are names that the script defines somewhere. `strange` are the names, defined or
    not, that have letters beyond ASCII. `more`: there was more than is told.
    """

    uses: tuple[Use, ...] = ()
    methods: tuple[Method, ...] = ()
    modules: tuple[Asked, ...] = ()
    assigned: frozenset[str] = frozenset()
    defined: frozenset[str] = frozenset()
    strange: tuple[tuple[str, Place], ...] = ()
    open: bool = False
    lenient: bool = False
    more: bool = False


USES = frozenset(("read", "test", "index", "call", "write"))
KINDS = frozenset(
    ("text", "number", "boolean", "nil", "list", "map", "function", "other", "many", "keywords")
)  # fmt: skip


def read_facts(told: object) -> Facts:
    """The facts in what a worker told. Raises MalformedError."""
    fields = _map(told)
    return Facts(
        uses=tuple(map(_use, _list(fields.get("references")))),
        methods=tuple(map(_method, _list(fields.get("methods")))),
        modules=tuple(map(_asked, _list(fields.get("modules")))),
        assigned=frozenset(map(_text, _list(fields.get("assigned")))),
        defined=frozenset(map(_text, _list(fields.get("defined")))),
        strange=tuple((_text(name), _place(place)) for name, place in map(_pair, _list(fields.get("strange")))),
        open=fields.get("open") is True,
        lenient=fields.get("lenient") is True,
        more=fields.get("more") is True,
    )


def _use(told: object) -> Use:
    name, place, use, members, whole, arguments, guarded = _fields(told, 7)
    if use not in USES:
        raise MalformedError("a use of a name that is none")
    return Use(
        _text(name),
        _place(place),
        str(use),
        tuple((_text(member), _place(at)) for member, at in map(_pair, _list(members))),
        whole is True,
        () if arguments is None else tuple(_literal(one, 0) for one in _list(arguments)),
        guarded is True,
    )


def _method(told: object) -> Method:
    origin, use = _pair(told)
    name, _, _, members, whole = _fields(origin, 5)
    path = (_text(name), *(_text(member) for member, _ in map(_pair, _list(members)))) if whole is True else ()
    return Method(path, _use(use))


def _asked(told: object) -> Asked:
    paths, name, place, guarded = _fields(told, 4)
    return Asked(tuple(map(_text, _list(paths))), _text(name), _place(place), guarded is True)


def _literal(told: object, depth: int) -> Literal:
    kind, value, at = _fields(told, 3)
    place = _place(at)
    if type(kind) is not str or kind not in KINDS or depth > MAX_DEPTH:
        raise MalformedError("a literal of no kind")
    if kind == "list":
        told_items, more = _fields(value, 2)
        items = tuple(_literal(one, depth + 1) for one in _list(told_items))
        return Literal(kind, place, items=items, open=more != _WHOLE, cut=more == _CUT)
    if kind in ("map", "keywords"):
        told_entries, more = _fields(value, 2)
        entries = tuple(_entry(one, depth + 1) for one in _list(told_entries))
        return Literal(kind, place, entries=entries, open=more != _WHOLE, cut=more == _CUT)
    if kind == "text":
        return Literal(kind, place, None if value is None else _text(value))
    if kind == "number" and type(value) in (int, float):
        return Literal(kind, place, value)
    return Literal(kind, place, value if kind == "boolean" and type(value) is bool else None)


def _entry(told: object, depth: int) -> tuple[str, Place, Literal]:
    key, place, value = _fields(told, 3)
    return _text(key), _place(place), _literal(value, depth)


def _place(told: object) -> Place:
    numbers = _fields(told, 4)
    if any(type(one) is not int or not 0 <= one < 1 << 31 for one in numbers):
        raise MalformedError("a place that is nowhere")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _pair(told: object) -> tuple[Any, Any]:
    first, second = _fields(told, 2)
    return first, second


def _fields(told: object, count: int) -> list[Any]:
    fields = _list(told)
    if len(fields) != count:
        raise MalformedError("a fact with other fields than it has")
    return fields


def _list(told: object) -> list[Any]:
    if type(told) is not list or len(told) > MAX_FACTS:
        raise MalformedError("no list, or too long a one")
    return told


def _map(told: object) -> Mapping[str, Any]:
    if type(told) is not dict:
        raise MalformedError("no map")
    return told


def _text(told: object) -> str:
    if type(told) is not str or len(told) > MAX_TEXT:
        raise MalformedError("no text, or too long a one")
    return told


class Lines:
    """The lines of a source, to say where something is in characters."""

    def __init__(self, source: bytes) -> None:
        self._lines = source.split(b"\n")

    def position(self, place: Place) -> Position:
        """The position of a place; one that is beyond the source is brought to its nearest place."""
        row, column, end_row, end_column = place
        line, first = self._at(row, column)
        end_line, last = self._at(end_row, end_column)
        if (end_line, last) <= (line, first):
            end_line, last = line, first + 1
        return Position(line, first, end_line, last)

    def _at(self, row: int, column: int) -> tuple[int, int]:
        row = min(row, len(self._lines) - 1)
        return row + 1, len(self._lines[row][:column].decode("utf-8", "replace")) + 1
