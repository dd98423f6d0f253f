"""What a Lua source says: its names by Lua's scopes, calls of globals with their literals, modules."""

from __future__ import annotations

from functools import partial
from itertools import chain

from llmspell_workers.facts.grammar import named, parser_of, place_of, text_of, walk
from llmspell_workers.facts.literals import MAX_ITEMS, literal
from llmspell_workers.facts.lua_literals import read_literal, written_text
from llmspell_workers.facts.reader import TreeReader
from llmspell_workers.facts.scopes import Scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_INDEXES = ("dot_index_expression", "bracket_index_expression", "method_index_expression")
_FUNCTIONS = ("function_definition", "function_declaration")
_TESTS = frozenset(("and", "or", "==", "~=", "not"))
_CATCH = frozenset(("pcall", "xpcall"))
_ASK = frozenset(("type", "rawget", "rawequal", "assert", "tostring"))
_GLOBALS = "_G"
_SILENT = frozenset(("string", "goto_statement", "label_statement", "hash_bang_line", "attribute"))

_parser = parser_of("lua")


def read(source: bytes) -> Scopes | None:
    """The scopes of a source; None where the grammar does not understand all of it."""
    root = _parser.parse(source).root_node
    if root.has_error:
        return None
    reader = _Reader(Scopes(source, ordered=True))
    walk(root, reader.steps)
    return reader.scopes


class _Reader(TreeReader):
    INDEXES = _INDEXES
    MEMBERS = ("method", "field")
    ROOT = "table"

    def steps(self, node: Any) -> Iterator[Any]:
        """What comes next behind a node; see `walk`."""
        kind = node.type
        if kind == "identifier":
            self._refer(node, "read")
        elif kind in _INDEXES:
            yield from self._index(node, "read")
        elif kind == "function_call":
            yield from self._call(node)
        elif kind in _FUNCTIONS:
            yield from self._function(node)
        elif kind == "variable_declaration":
            yield from self._local(node)
        elif kind == "assignment_statement":
            yield from self._assignment(node)
        elif kind == "for_statement":
            yield from self._for(node)
        elif kind in ("block", "repeat_statement"):
            body = list(named(node))
            if kind == "repeat_statement":  # its condition knows the names of its body
                body = [*(inner for child in body[:1] if child.type == "block" for inner in named(child)),
                        *(child for child in body if child.type != "block")]  # fmt: skip
            yield from self._in_scope([*self._tested(node, body)])
        elif kind == "field":
            yield from self._field(node)
        elif kind not in _SILENT:
            yield from self._tested(node, list(named(node)))

    def _in_scope(self, steps: list[Any], *, function: bool = False) -> Iterator[Any]:
        yield partial(self.scopes.enter, function=function)
        yield from steps
        yield self.scopes.leave

    def _tested(self, node: Any, children: list[Any]) -> Iterator[Any]:
        """The children; names among them that are only asked whether they are there are told as that."""
        asks = node.type in ("if_statement", "elseif_statement", "while_statement", "repeat_statement") or any(
            child.type in _TESTS for child in node.children
        )
        for child in children:
            yield from self._asked(child) if asks else [child]

    def _asked(self, node: Any) -> Iterator[Any]:
        """A value of which is asked whether it is there."""
        if node.type == "identifier":
            yield partial(self._refer, node, "test")
        elif node.type in _INDEXES:
            yield from self._index(node, "test")
        else:
            yield node

    def _member_text(self, index: Any, member: Any) -> str | None:
        if index.type != "bracket_index_expression":
            return text_of(member)
        return written_text(member) if member.type == "string" else None

    def _is_globals(self, name: str) -> bool:
        return name == _GLOBALS and not self.scopes.knows(_GLOBALS)

    def _is_open(self, name: str, use: str) -> bool:
        opens = name == "_ENV" or (name == _GLOBALS and use != "test")
        return opens and not self.scopes.knows(name)

    def _call(self, node: Any) -> Iterator[Any]:
        function, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        given = list(named(arguments)) if arguments is not None else []
        name = text_of(function) if function.type == "identifier" else ""
        literals = [read_literal(one) for one in given[:MAX_ITEMS]]
        if function.type == "method_index_expression":
            literals.insert(0, literal("other", None, place_of(function)))
        if name:
            yield partial(self._refer, function, "call", arguments=literals)
            if given and name in ("require", "dofile") and not self.scopes.knows(name):
                self._module(name, given[0])
        elif function.type in _INDEXES:
            yield from self._index(function, "call", arguments=literals, call=node)
        else:
            yield function
        caught = name in _CATCH and not self.scopes.knows(name)
        asked = name in _ASK and not self.scopes.knows(name)
        steps = chain.from_iterable(map(self._asked, given)) if asked else iter(given)
        yield from self._guarded(steps, caught=caught)

    def _module(self, function: str, argument: Any) -> None:
        name = written_text(argument) if argument.type == "string" else None
        if name is None:
            return
        path = name.replace(".", "/")
        paths = [f"{path}.lua", f"{path}/init.lua"] if function == "require" else [name]
        self.scopes.module(paths, name, place_of(argument))

    def _function(self, node: Any) -> Iterator[Any]:
        name = node.child_by_field_name("name")
        local = node.children[0].type == "local"
        own: list[Callable[[], None]] = []
        if name is not None and name.type == "identifier":
            written = text_of(name)
            yield partial(self.scopes.bind if local else self.scopes.assign, written)
        elif name is not None:
            yield from self._index(name, "write")
            if name.type == "method_index_expression":
                own.append(partial(self.scopes.bind, "self"))
        parameters, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        given = named(parameters) if parameters is not None else ()
        own += [partial(self.scopes.bind, text_of(one)) for one in given if one.type == "identifier"]
        yield from self._in_scope([*own, *([body] if body is not None else [])], function=True)

    def _local(self, node: Any) -> Iterator[Any]:
        """Values come before the names that they are given to."""
        inner = next(named(node), node)
        names, values = inner, []
        if inner.type == "assignment_statement":
            names = next(child for child in named(inner) if child.type == "variable_list")
            values = [value for child in named(inner) if child.type != "variable_list" for value in named(child)]
        yield from values
        for at, child in enumerate(one for one in named(names) if one.type == "identifier"):
            yield partial(self._bind_call, text_of(child), values[at].id if at < len(values) else None)

    def _assignment(self, node: Any) -> Iterator[Any]:
        targets = next(child for child in named(node) if child.type == "variable_list")
        yield from (child for child in named(node) if child.type != "variable_list")
        for child in named(targets):
            if child.type == "identifier":
                yield partial(self.scopes.assign, text_of(child))
            elif child.type in _INDEXES:
                yield from self._index(child, "write")
            else:
                yield child

    def _for(self, node: Any) -> Iterator[Any]:
        clause, body = node.child_by_field_name("clause"), node.child_by_field_name("body")
        names: list[Any] = []
        for child in named(clause):
            if child.type == "variable_list":
                names += named(child)
            elif clause.type == "for_numeric_clause" and not names:
                names.append(child)
            else:
                yield child
        binds = [partial(self.scopes.bind, text_of(name)) for name in names if name.type == "identifier"]
        yield from self._in_scope([*binds, *([body] if body is not None else [])])

    def _field(self, node: Any) -> Iterator[Any]:
        name = node.child_by_field_name("name")
        if name is not None and node.children[0].type == "[":
            yield name
        value = node.child_by_field_name("value")
        if value is not None:
            yield value
