"""The script API: names built from the table that the host sends, so that a function added there appears here.

Every function comes twice: under its name it blocks, and with an `a` in front it is to be awaited.
"""

from __future__ import annotations

from llmspell_workers.python.calls import Calls
from llmspell_workers.python.errors import CallError, NotFoundError, UnknownNameError, ValidationError
from llmspell_workers.python.objects import Handle, Stream, adrain, drain
from llmspell_workers.wire import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Row = Mapping[str, Any]
    Function = Callable[..., Any]


class Global:
    """One global of the API; its functions are its attributes."""

    def __init__(self, name: str, functions: Mapping[str, Function]) -> None:
        self.__dict__.update(functions)
        self.__name__ = name

    def __getattr__(self, key: str) -> object:
        if key.startswith("__"):
            raise AttributeError(key)
        raise UnknownNameError(f"{self.__name__}.{key} is not a function of the script API")


class Missing:
    """A global of a later version: it raises on use, and says so."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, key: str) -> object:
        if key.startswith("__"):
            raise AttributeError(key)
        raise NotFoundError(f"{self.__name__} is not part of this version of llmspell")

    def __call__(self, *_: object, **_more: object) -> object:
        raise NotFoundError(f"{self.__name__} is not part of this version of llmspell")

    __getitem__ = __call__


class Surface:
    """What the table says, as Python's own: `names` are the globals that it makes."""

    def __init__(self, calls: Calls, table: Mapping[str, Any], made_here: Mapping[str, object]) -> None:
        self._calls = calls
        self._builders: Mapping[str, Row] = table["builders"]
        self._classes: dict[str, type[Handle]] = {}
        for name, spec in table["objects"].items():
            methods: dict[str, object] = _spelled(
                {method: (row, self._functions(f"{name}.{method}", row, ("self",)))
                 for method, row in spec["methods"].items()}
            )  # fmt: skip
            self._classes[name] = type(name, (Handle,), {**methods, "named": spec.get("named")})
        names: dict[str, object] = {}
        for name, functions in table["globals"].items():
            rows = {key: (row, self._functions(f"{name}.{key}", row)) for key, row in functions.items()}
            names[name] = Global(name, _spelled(rows))
        names |= _spelled({name: (row, self._functions(name, row)) for name, row in table["functions"].items()})
        names |= {another: names[meant] for another, meant in table["same"].items()}
        names |= {name: made_here[name] for name in table["engine_made"]}
        self.names = names | {name: Missing(name) for name in table["missing"]}

    def _functions(self, what: str, row: Row, first: tuple[str, ...] = ()) -> tuple[Function, Function]:
        """The function of a row that blocks, and the one that is awaited."""
        if "starts" in row:
            return (lambda: self._builder(row["starts"])), (lambda: self._builder(row["starts"]))
        if "makes" in row:
            return _maker(what, row)
        if row.get("each"):
            return self._drains(what, row, first)
        capability, bind = row["calls"], _binder(what, row, first)
        call, acall, give = self._calls.call, self._calls.acall, self._giver(row)

        def function(*args: object, **named: object) -> object:
            return give(call(capability, bind(args, named)))

        async def awaited(*args: object, **named: object) -> object:
            return give(await acall(capability, bind(args, named)))

        def streamed(*args: object, **named: object) -> object:
            arguments = bind(args, named)
            return Stream(self._calls, row, lambda: acall(capability, arguments))

        if row.get("caught"):
            return _caught(function), _acaught(awaited)
        return function, streamed if row.get("gives") == "stream" else awaited

    def _giver(self, row: Row) -> Callable[[Any], object]:
        gives = row.get("gives")
        if gives is None:
            return lambda value: value
        if gives == "stream":
            return lambda value: Stream(self._calls, row, value)
        made = self._classes.__getitem__
        if row.get("many"):
            return lambda value: [made(gives)(one) for one in value or ()]
        return lambda value: None if value is None else made(gives)(value)

    def _drains(self, what: str, row: Row, first: tuple[str, ...]) -> tuple[Function, Function]:
        """A row that runs a stream through a function of the script, its last argument."""
        opens, aopens = self._functions(what, {key: value for key, value in row.items() if key != "each"}, first)
        place = len(first) + len(row["takes"])

        def split(args: tuple[object, ...]) -> Function:
            each = args[place] if len(args) > place else None
            if not callable(each):
                raise ValidationError(
                    f"{what} needs a function as its argument {place - len(first) + 1}, not {kind_of(each)}"
                )
            return each

        def function(*args: object) -> object:
            each = split(args)
            return drain(opens(*args[:place]), each)

        async def awaited(*args: object) -> object:
            each = split(args)
            return await adrain(aopens(*args[:place]), each)

        return function, awaited

    def _builder(self, name: str) -> object:
        """A chain of setters."""
        spec = self._builders[name]
        fields: dict[str, Any] = {}
        build, abuild = self._functions(f"{name}.build", spec["build"])

        def setter(field: str) -> Function:
            def set_field(value: object) -> object:
                fields[field] = value
                return builder

            return set_field

        def appender(name: str, field: str) -> Function:
            def append(value: object) -> object:
                if not isinstance(fields.setdefault(field, []), (list, tuple)):
                    raise ValidationError(f"{field} must be a list before {name} can add to it")
                fields[field] = [*fields[field], value]
                return builder

            return append

        functions = {field: setter(field) for field in spec["sets"]}
        functions |= {name: appender(name, field) for name, field in spec["appends"].items()}
        builder = Global(f"{name} builder", {
            **functions, "build": lambda: build(fields), "abuild": lambda: abuild(fields),
        })  # fmt: skip
        return builder


def _maker(what: str, row: Row) -> tuple[Function, Function]:
    """A row that calls nothing: a map with what is always in it, and what it takes."""
    bind = _binder(what, row, ())

    def make(*args: object, **named: object) -> dict[str, object]:
        return {**row["makes"], **bind(args, named)}

    async def awaited(*args: object, **named: object) -> dict[str, object]:
        return make(*args, **named)

    return make, awaited


def _binder(what: str, row: Row, first: tuple[str, ...]) -> Callable[[tuple[Any, ...], dict[str, object]], Any]:
    """What makes a map of the arguments. Keywords that name no argument are together the last one, a map."""
    takes = tuple(row["takes"])
    names = (*first, *takes)
    fixed: dict[str, object] = dict(row.get("with", {}))
    most = len(names)

    def bind(args: tuple[Any, ...], named: dict[str, object]) -> dict[str, object]:
        if len(args) > most:
            raise TypeError(f"{what}() takes {len(takes)} arguments and was given {len(args) - len(first)}")
        arguments = dict(zip(names, args, strict=False))
        if first:
            arguments["self"] = args[0].id
        if fixed:
            arguments |= fixed
        if named:
            _bind_named(what, takes, arguments, named)
        return arguments

    return bind


def _bind_named(what: str, takes: tuple[str, ...], arguments: dict[str, object], named: dict[str, object]) -> None:
    fields = {}
    for name, value in named.items():
        if name not in takes:
            fields[name] = value
        elif name in arguments:
            raise TypeError(f"{what}() was given {name} twice")
        else:
            arguments[name] = value
    if not fields:
        return
    if not takes or takes[-1] in arguments:
        raise TypeError(f"{what}() takes no argument {next(iter(fields))!r}")
    arguments[takes[-1]] = fields


def _spelled(rows: Mapping[str, tuple[Row, tuple[Function, Function]]]) -> dict[str, Any]:
    """The functions under all their names; no awaited one takes the name of another function."""
    plain = {}
    awaited = {}
    for name, (row, (function, other)) in rows.items():
        for spelling in (name, *row.get("also", ())):
            plain[spelling] = function
            awaited["a" + spelling] = other
    return awaited | plain


def _caught(function: Function) -> Function:
    def caught(*args: object, **named: object) -> dict[str, object]:
        try:
            return {"success": True, "output": function(*args, **named)}
        except CallError as error:
            return _failure(error)

    return caught


def _acaught(function: Function) -> Function:
    async def caught(*args: object, **named: object) -> dict[str, object]:
        try:
            return {"success": True, "output": await function(*args, **named)}
        except CallError as error:
            return _failure(error)

    return caught


def _failure(error: CallError) -> dict[str, object]:
    return {"success": False, "error": error.message, "kind": error.kind}
