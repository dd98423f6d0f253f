"""What a Lua source says: its names by Lua's scopes, calls of globals with their literals, modules."""

from __future__ import annotations

from functools import partial

from llmspell_workers.facts.grammar import named, parser_of, place_of, text_of, walk
from llmspell_workers.facts.literals import MAX_DEPTH, MAX_ITEMS, literal, number, text
from llmspell_workers.facts.scopes import Reference, Scopes

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
_SILENT = frozenset(("comment", "string", "goto_statement", "label_statement", "hash_bang_line", "attribute"))

_parser = parser_of("lua")


def read(source: bytes) -> Scopes | None:
    """The scopes of a source; None where the grammar does not understand all of it."""
    root = _parser.parse(source).root_node
    if root.has_error:
        return None
    reader = _Reader()
    walk(root, reader.steps)
    return reader.scopes


class _Reader:
    def __init__(self) -> None:
        self.scopes = Scopes(ordered=True)
        self._made: dict[int, Reference] = {}

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
            yield partial(self._refer, child, "test") if asks and child.type == "identifier" else child

    def _refer(self, node: Any, use: str, *, call: Any = None, **more: Any) -> None:
        name = text_of(node)
        if name == "_ENV" or (name == _GLOBALS and use in ("read", "index")):
            self.scopes.open = self.scopes.open or not self.scopes.knows(name)
        reference = Reference(name, place_of(node), use, **more)
        self.scopes.refer(reference)
        if call is not None:
            self._made[call.id] = reference

    def _index(self, node: Any, use: str, **more: Any) -> Iterator[Any]:
        """`root.member[...]` with what is inside: a reference where the root is a name."""
        members: list[Any] = []
        whole, root = True, node
        while root.type in _INDEXES:
            member = root.child_by_field_name("method") or root.child_by_field_name("field")
            if root.type == "bracket_index_expression":
                written = _text(member) if member is not None and member.type == "string" else None
                if written is None:
                    whole, members = False, []
                    yield member
                else:
                    members.append((written, place_of(member)))
            else:
                members.append((text_of(member), place_of(member)))
            root = root.child_by_field_name("table")
        members.reverse()
        if root.type != "identifier":
            yield root
        elif text_of(root) == _GLOBALS and members and not self.scopes.knows(_GLOBALS):
            if use == "write" and len(members) == 1:
                self.scopes.assign(members[0][0])
        else:
            use = "index" if use == "read" else use
            yield partial(self._refer, root, use, members=members, whole=whole, **more)

    def _call(self, node: Any) -> Iterator[Any]:
        function, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        given = list(named(arguments)) if arguments is not None else []
        name = text_of(function) if function.type == "identifier" else ""
        literals = [_literal(one) for one in given[:MAX_ITEMS]]
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
        if caught:
            yield partial(self._guard, 1)
        for one in given:
            yield partial(self._refer, one, "test") if asked and one.type == "identifier" else one
        if caught:
            yield partial(self._guard, -1)

    def _guard(self, more: int) -> None:
        self.scopes.guards += more

    def _module(self, function: str, argument: Any) -> None:
        name = _text(argument) if argument.type == "string" else None
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
            yield partial(self._bind, text_of(child), values[at] if at < len(values) else None)

    def _bind(self, name: str, value: Any) -> None:
        self.scopes.bind(name, origin=None if value is None else self._made.get(value.id))

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


def _text(node: Any) -> str | None:
    """A string's text, if it is written without escapes."""
    content = node.child_by_field_name("content")
    if content is None:
        return ""
    written = text_of(content)
    return None if "\\" in written or "\ufffd" in written else written


def _literal(node: Any, depth: int = 0) -> list[object]:
    kind, place = node.type, place_of(node)
    if kind == "string":
        return text(_text(node), place)
    if kind == "number":
        return number(text_of(node), place)
    if kind in ("true", "false"):
        return literal("boolean", kind == "true", place)
    if kind == "nil":
        return literal("nil", None, place)
    if kind == "function_definition":
        return literal("function", None, place)
    if kind == "unary_expression" and node.children[0].type == "-" and node.children[-1].type == "number":
        return number("-" + text_of(node.children[-1]), place)
    if kind == "table_constructor" and depth < MAX_DEPTH:
        return _table(node, depth)
    return literal("many" if kind in ("function_call", "vararg_expression") else "other", None, place)


def _table(node: Any, depth: int) -> list[object]:
    """A table with named values is a map, one without names a list; an empty one is a map."""
    entries: list[object] = []
    items: list[object] = []
    more = False
    for field in named(node):
        name, value = field.child_by_field_name("name"), field.child_by_field_name("value")
        if field.type != "field" or value is None:
            continue
        if len(entries) + len(items) >= MAX_ITEMS:
            more = True
            break
        made = _literal(value, depth + 1)
        if name is None:
            items.append(made)
            more = more or made[0] == "many"
            continue
        bracketed = field.children[0].type == "["
        key = (_text(name) if name.type == "string" else None) if bracketed else text_of(name)
        if key is None:
            more = True
        else:
            entries.append([key, list(place_of(name)), made])
    if items and not entries:
        return literal("list", [items, more], place_of(node))
    return literal("map", [entries, more or bool(items)], place_of(node))
