"""What a Python source says: its names by Python's scopes, calls of globals with their literals, modules.

Python reads itself: its own parser made the tree, so there is nothing that another grammar could understand otherwise.
"""

from __future__ import annotations

import _ast
import builtins
import sys
from functools import partial

from llmspell_workers.facts.grammar import walk
from llmspell_workers.facts.literals import MAX_ITEMS
from llmspell_workers.facts.python_literals import place_of, read_keywords, read_literal
from llmspell_workers.facts.reader import Reader
from llmspell_workers.facts.scopes import Reference, Scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from llmspell_workers.facts.scopes import Place

_FLAGS = 0x400 | 0x2000
"""PyCF_ONLY_AST, PyCF_ALLOW_TOP_LEVEL_AWAIT (compile.h)."""
_OPENING = frozenset(("globals", "exec", "eval", "vars", "locals"))
_IMPLIED = ("__annotations__", "__class__", "__qualname__", "__module__", "__path__", "__dict__")
_ANNOTATIONS = frozenset(("annotation", "returns"))
_OURS = "llmspell"
_NAMES = ("id", "name", "attr", "arg", "asname", "rest")
"""Fields of the tree that hold names."""


def read(source: bytes) -> Scopes | None:
    """The scopes of a source."""
    tree = builtins.compile(source, "script", "exec", flags=_FLAGS, dont_inherit=True)
    reader = _Reader(Scopes(source, ordered=False))
    walk(tree, reader.steps)
    if not source.isascii():
        walk(tree, reader.strange_names)
    return reader.scopes


class _Reader(Reader):
    def __init__(self, scopes: Scopes) -> None:
        super().__init__(scopes)
        self._evaluates = True
        """Whether annotations are evaluated where they stand."""
        for name in _IMPLIED:
            self.scopes.bind(name)
        functions = (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.Lambda)
        comprehensions = (_ast.ListComp, _ast.SetComp, _ast.DictComp, _ast.GeneratorExp)
        self._ways: dict[type, Callable[[Any], Iterator[Any]]] = {
            _ast.Name: self._name,
            _ast.Attribute: lambda node: self._index(node, "read"),
            _ast.Subscript: lambda node: self._index(node, "read"),
            _ast.Call: self._call,
            _ast.ClassDef: self._class,
            _ast.Import: self._import,
            _ast.ImportFrom: self._import_from,
            _ast.Try: self._try,
            _ast.TryStar: self._try,
            _ast.With: self._with,
            _ast.AsyncWith: self._with,
            _ast.ExceptHandler: self._handler,
            _ast.Global: self._global,
            _ast.NamedExpr: self._walrus,
            _ast.Assign: self._assign,
            _ast.AnnAssign: self._annotated,
            **dict.fromkeys(functions, self._function),
            **dict.fromkeys(comprehensions, self._comprehension),
            **dict.fromkeys((_ast.MatchAs, _ast.MatchStar, _ast.MatchMapping), self._matched),
        }
        alias = getattr(_ast, "TypeAlias", None)  # Python 3.12
        if alias is not None:
            self._ways[alias] = self._alias

    def steps(self, node: Any) -> Iterator[Any]:
        """What comes next behind a node; see `walk`."""
        way = self._ways.get(type(node))
        yield from way(node) if way is not None else _below(node)

    def strange_names(self, node: Any) -> Iterator[Any]:
        """What comes next behind a node, where only the letters of names are looked at."""
        for field in _NAMES:
            name = getattr(node, field, None)
            if isinstance(name, str) and not name.isascii() and hasattr(node, "lineno"):
                self.scopes.strange_name(name, place_of(node))
        return (one for one in _parts(node) if isinstance(one, _ast.AST))

    def _name(self, node: Any) -> Iterator[Any]:
        if isinstance(node.ctx, _ast.Load):
            self._refer(node, "read")
        elif isinstance(node.ctx, _ast.Store):
            self.scopes.bind(node.id)
        yield from ()

    def _refer(self, node: Any, use: str, *, call: Any = None, **more: Any) -> None:
        modules = node.id == "sys" and [name for name, _ in more.get("members", ())[:1]] == ["modules"]
        self.scopes.open = self.scopes.open or modules or (node.id in _OPENING and use == "call")
        self._tell(Reference(node.id, place_of(node), use, **more), None if call is None else id(call))

    def _index(self, node: Any, use: str, **more: Any) -> Iterator[Any]:
        """`root.member[...]` with what is inside: a reference where the root is a name."""
        use = use if isinstance(node.ctx, _ast.Load) else "write"
        members: list[Any] = []
        whole, root = True, node
        while isinstance(root, (_ast.Attribute, _ast.Subscript)):
            if isinstance(root, _ast.Attribute):
                members.append((root.attr, _member_place(root)))
            else:
                whole, members = False, []
                yield root.slice
            root = root.value
        members.reverse()
        if isinstance(root, _ast.Name):
            use = "index" if use == "read" else use
            yield partial(self._refer, root, use, members=members, whole=whole, **more)
        else:
            yield root

    def _call(self, node: Any) -> Iterator[Any]:
        literals = [read_literal(one) for one in node.args[:MAX_ITEMS]]
        if node.keywords:
            literals.append(read_keywords(node))
        if isinstance(node.func, _ast.Name):
            yield partial(self._refer, node.func, "call", arguments=literals)
        elif isinstance(node.func, _ast.Attribute):
            yield from self._index(node.func, "call", arguments=literals, call=node)
        else:
            yield node.func
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)

    def _function(self, node: Any) -> Iterator[Any]:
        given = node.args
        if not isinstance(node, _ast.Lambda):
            yield partial(self.scopes.bind, node.name)
            yield from node.decorator_list
        yield from given.defaults
        yield from (one for one in given.kw_defaults if one is not None)
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        named = [one for one in every if one is not None]
        if self._evaluates and not getattr(node, "type_params", ()):  # which annotations see, and nobody else
            written = (*(one.annotation for one in named), getattr(node, "returns", None))
            yield from (one for one in written if one is not None)
        yield partial(self.scopes.enter, function=True)
        yield from (partial(self.scopes.bind, one.arg) for one in named)
        yield from self._parameters_of_types(node)
        yield from [node.body] if isinstance(node, _ast.Lambda) else node.body
        yield self.scopes.leave

    def _class(self, node: Any) -> Iterator[Any]:
        yield partial(self.scopes.bind, node.name)
        yield from node.decorator_list
        yield self.scopes.enter
        yield from self._parameters_of_types(node)
        yield from node.bases
        yield from (keyword.value for keyword in node.keywords)
        yield partial(self.scopes.enter, function=True, own=True)
        yield from node.body
        yield self.scopes.leave
        yield self.scopes.leave

    def _annotated(self, node: Any) -> Iterator[Any]:
        if self._evaluates and not self.scopes.in_function:
            yield node.annotation
        yield from _below(node)

    def _parameters_of_types(self, node: Any) -> Iterator[Any]:
        for one in getattr(node, "type_params", ()):
            yield partial(self.scopes.bind, one.name)

    def _alias(self, node: Any) -> Iterator[Any]:
        yield node.name
        yield self.scopes.enter
        yield from self._parameters_of_types(node)
        yield node.value
        yield self.scopes.leave

    def _comprehension(self, node: Any) -> Iterator[Any]:
        yield self.scopes.enter
        yield from _below(node)
        yield self.scopes.leave

    def _assign(self, node: Any) -> Iterator[Any]:
        yield node.value
        if len(node.targets) == 1 and isinstance(node.targets[0], _ast.Name):
            value = node.value.value if isinstance(node.value, _ast.Await) else node.value
            yield partial(self._bind_call, node.targets[0].id, id(value))
        else:
            yield from node.targets

    def _walrus(self, node: Any) -> Iterator[Any]:
        yield partial(self.scopes.bind, node.target.id, function=True)
        yield node.value

    def _matched(self, node: Any) -> Iterator[Any]:
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if name:
            yield partial(self.scopes.bind, name)
        yield from _below(node)

    def _handler(self, node: Any) -> Iterator[Any]:
        if node.name:
            yield partial(self.scopes.bind, node.name)
        yield from _below(node)

    def _global(self, node: Any) -> Iterator[Any]:
        for name in node.names:
            self.scopes.assign(name)
        yield from ()

    def _try(self, node: Any) -> Iterator[Any]:
        yield from self._guarded(iter(node.body), caught=bool(node.handlers))
        yield from (*node.handlers, *node.orelse, *node.finalbody)

    def _with(self, node: Any) -> Iterator[Any]:
        called = [one.context_expr.func for one in node.items if isinstance(one.context_expr, _ast.Call)]
        suppressed = any("suppress" in (getattr(one, "id", ""), getattr(one, "attr", "")) for one in called)
        yield from (part for one in node.items for part in (one.context_expr, one.optional_vars) if part is not None)
        yield from self._guarded(iter(node.body), caught=suppressed)

    def _import(self, node: Any) -> Iterator[Any]:
        for one in node.names:
            self.scopes.bind(one.asname or one.name.partition(".")[0])
            self._module(one.name, one)
            self.scopes.open = self.scopes.open or one.name == "builtins"
        yield from ()

    def _import_from(self, node: Any) -> Iterator[Any]:
        for one in node.names:
            self.scopes.bind(one.asname or one.name)
            self.scopes.open = self.scopes.open or one.name == "*"
        if node.module == "__future__" and any(one.name == "annotations" for one in node.names):
            self._evaluates = False
        if node.module and not node.level:
            self._module(node.module, node)
        yield from ()

    def _module(self, name: str, node: Any) -> None:
        if name.partition(".")[0] in sys.stdlib_module_names or name == _OURS:
            return
        parts = name.split(".")
        for count in range(1, len(parts) + 1):  # a package is imported before what is in it
            path = "/".join(parts[:count])
            self.scopes.module([f"{path}.py", f"{path}/__init__.py"], ".".join(parts[:count]), place_of(node))


def _below(node: Any) -> Iterator[Any]:
    """The nodes in a node; comprehensions' loops first, as they bind, and no annotations."""
    for field in sorted(node._fields, key=lambda field: field != "generators"):
        if field not in _ANNOTATIONS:
            value = getattr(node, field, None)
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, _ast.AST))


def _parts(node: Any) -> Iterator[Any]:
    for field in node._fields:
        value = getattr(node, field, None)
        yield from value if isinstance(value, list) else [value]


def _member_place(node: Any) -> Place:
    row, column = node.end_lineno - 1, node.end_col_offset
    return row, max(0, column - len(node.attr.encode())), row, column
