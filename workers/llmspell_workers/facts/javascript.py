"""What a JavaScript source says: its names by JavaScript's scopes, calls of globals with their literals, modules."""

from __future__ import annotations

from functools import partial

from llmspell_workers.facts.grammar import named, parser_of, place_of, text_of, walk
from llmspell_workers.facts.javascript_literals import read_literal, written_text
from llmspell_workers.facts.literals import MAX_ITEMS
from llmspell_workers.facts.reader import TreeReader
from llmspell_workers.facts.scopes import Scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_MEMBERS = ("member_expression", "subscript_expression")
_FUNCTIONS = frozenset((
    "function_declaration", "generator_function_declaration", "function_expression", "generator_function",
    "arrow_function", "method_definition",
))  # fmt: skip
_SCOPES = frozenset((
    "statement_block", "switch_body", "for_statement", "class_static_block", "class_body", "catch_clause",
))  # fmt: skip
_GLOBAL = "globalThis"
_HERE = "./"
_AWAIT = "await"
_ASKS = frozenset(("&&", "||", "??", "==", "===", "!=", "!==", "!", "typeof"))
"""Operators that ask whether a value is there."""

_parser = parser_of("javascript")


def read(source: bytes) -> Scopes | None:
    """The scopes of a source; None where the grammar does not understand all of it."""
    root = _parser.parse(source.removeprefix(b"\xef\xbb\xbf")).root_node
    if root.has_error:
        return None
    reader = _Reader(Scopes(source, ordered=False))
    walk(root, reader.steps)
    if not source.isascii():
        walk(root, reader.strange_names)
    return reader.scopes


class _Reader(TreeReader):
    INDEXES = _MEMBERS
    MEMBERS = ("property", "index")
    ROOT = "object"

    def __init__(self, scopes: Scopes) -> None:
        super().__init__(scopes)
        self._ways: dict[str, Callable[[Any], Iterator[Any]]] = {
            "call_expression": self._call,
            "new_expression": self._call,
            "variable_declarator": self._declared,
            "class_declaration": self._class,
            "class": self._class,
            "for_in_statement": self._for_in,
            "assignment_expression": self._assignment,
            "try_statement": self._try,
            "import_statement": self._import,
            "export_statement": self._export,
            "pair": self._pair,
            "field_definition": self._pair,
            "unary_expression": self._operation,
            "binary_expression": self._operation,
            "if_statement": self._choice,
            "ternary_expression": self._choice,
            **dict.fromkeys(_MEMBERS, lambda node: self._index(node, "read")),
            **dict.fromkeys(_FUNCTIONS, self._function),
        }

    def steps(self, node: Any) -> Iterator[Any]:
        """What comes next behind a node; see `walk`."""
        kind = node.type
        if kind in ("identifier", "shorthand_property_identifier"):
            self._refer(node, "read")
        elif kind in self._ways:
            yield from self._ways[kind](node)
        elif kind in _SCOPES:
            yield from self._in_scope(node)
        else:
            self.scopes.open = self.scopes.open or kind == "with_statement"
            yield from named(node)

    def strange_names(self, node: Any) -> Iterator[Any]:
        """What comes next behind a node, where only the letters of names are looked at."""
        if "identifier" in node.type and not node.text.isascii():
            self.scopes.strange_name(text_of(node), place_of(node))
        return named(node)

    def _in_scope(self, node: Any) -> Iterator[Any]:
        yield self.scopes.enter
        if node.type == "catch_clause":
            parameter = node.child_by_field_name("parameter")
            yield from self._pattern(parameter, self._bind)
            yield from (child for child in named(node) if child != parameter)
        else:
            yield from named(node)
        yield self.scopes.leave

    def _member_text(self, index: Any, member: Any) -> str | None:
        return written_text(member) if index.type == "subscript_expression" else text_of(member)

    def _is_globals(self, name: str) -> bool:
        return name == _GLOBAL

    def _is_open(self, name: str, use: str) -> bool:
        return (name == _GLOBAL and use != "test") or (name == "eval" and use == "call")

    def _call(self, node: Any) -> Iterator[Any]:
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        arguments = node.child_by_field_name("arguments")
        listed = arguments is not None and arguments.type == "arguments"
        given = list(named(arguments)) if listed else [] if arguments is None else [arguments]
        literals = [read_literal(one) for one in given[:MAX_ITEMS]]
        if function.type == "identifier" and text_of(function) == _AWAIT:
            pass  # what is awaited stands in parentheses: in a script, no module, that could be a call
        elif function.type == "identifier":
            yield partial(self._refer, function, "call", arguments=literals)
        elif function.type == "import" and given:
            self._module(given[0])
        elif function.type in _MEMBERS:
            if node.child_by_field_name("optional_chain") is not None:  # `name.member?.()`
                yield from self._index(function, "test")
            caught = _is_caught(function, len(given))
            yield from self._guarded(self._index(function, "call", arguments=literals, call=node), caught=caught)
        else:
            yield function
        yield from given

    def _function(self, node: Any) -> Iterator[Any]:
        name, inside = node.child_by_field_name("name"), [partial(self.scopes.bind, "arguments")]
        if name is not None and node.type.endswith("_declaration"):
            yield partial(self.scopes.bind, text_of(name), function=True)
        elif name is not None and name.type == "computed_property_name":
            yield name
        elif name is not None:
            inside.append(partial(self.scopes.bind, text_of(name)))
        yield partial(self.scopes.enter, function=True)
        yield from inside
        for field in ("parameter", "parameters"):
            found = node.child_by_field_name(field)
            patterns = list(named(found)) if field == "parameters" and found is not None else [found]
            for pattern in patterns:
                yield from self._pattern(pattern, self._bind)
        body = node.child_by_field_name("body")
        if body is not None:
            yield body
        yield self.scopes.leave

    def _bind(self, node: Any, *, function: bool = False) -> None:
        self.scopes.bind(text_of(node), function=function)

    def _give(self, node: Any) -> None:
        """A name gets another value, which in strict code makes no global of it."""
        self.scopes.give(text_of(node))
        self._refer(node, "write")

    def _pattern(self, node: Any, told: Callable[[Any], None]) -> Iterator[Any]:
        """The names that a pattern gives values to; the values that stand in it are gone through."""
        waiting = [] if node is None else [node]
        while waiting:
            one = waiting.pop()
            if one.type in ("identifier", "shorthand_property_identifier_pattern"):
                yield partial(told, one)
            elif one.type in ("assignment_pattern", "object_assignment_pattern"):
                waiting.append(one.child_by_field_name("left"))
                yield one.child_by_field_name("right")
            elif one.type == "pair_pattern":
                waiting.append(one.child_by_field_name("value"))
                key = one.child_by_field_name("key")
                if key.type == "computed_property_name":
                    yield key
            elif one.type in ("object_pattern", "array_pattern", "rest_pattern"):
                waiting += named(one)
            elif one.type in _MEMBERS:
                yield from self._index(one, "write")
            else:
                yield one

    def _declared(self, node: Any) -> Iterator[Any]:
        value = node.child_by_field_name("value")
        everywhere = node.parent is not None and node.parent.type == "variable_declaration"
        name = node.child_by_field_name("name")
        if value is not None:
            yield value
        if name.type == "identifier" and value is not None and value.type == "await_expression":
            awaited = next(named(value), value)
            yield partial(self._bind_call, text_of(name), awaited.id, function=everywhere)
        else:
            yield from self._pattern(name, partial(self._bind, function=everywhere))

    def _class(self, node: Any) -> Iterator[Any]:
        name = node.child_by_field_name("name")
        if name is not None:
            yield partial(self.scopes.bind, text_of(name))
        yield from (child for child in named(node) if child != name)

    def _for_in(self, node: Any) -> Iterator[Any]:
        left, kind = node.child_by_field_name("left"), node.child_by_field_name("kind")
        yield self.scopes.enter
        if kind is None:
            yield from self._pattern(left, self._give)
        else:
            yield from self._pattern(left, partial(self._bind, function=kind.type == "var"))
        yield from (child for child in named(node) if child not in (left, kind))
        yield self.scopes.leave

    def _assignment(self, node: Any) -> Iterator[Any]:
        yield from self._pattern(node.child_by_field_name("left"), self._give)
        yield node.child_by_field_name("right")

    def _try(self, node: Any) -> Iterator[Any]:
        body, caught = node.child_by_field_name("body"), node.child_by_field_name("handler") is not None
        yield from self._guarded(iter([body]), caught=caught)
        yield from (child for child in named(node) if child != body)

    def _import(self, node: Any) -> Iterator[Any]:
        source = node.child_by_field_name("source")
        if source is not None:
            self._module(source)
        waiting = [child for child in named(node) if child.type == "import_clause"]
        while waiting:
            one = waiting.pop()
            if one.type == "identifier":
                yield partial(self.scopes.bind, text_of(one))
            elif one.type == "import_specifier":
                waiting.append(one.child_by_field_name("alias") or one.child_by_field_name("name"))
            else:
                waiting += named(one)

    def _export(self, node: Any) -> Iterator[Any]:
        source = node.child_by_field_name("source")
        if source is not None:
            self._module(source)
            return
        for child in named(node):
            if child.type == "export_clause":
                yield from (one.child_by_field_name("name") for one in named(child) if one.type == "export_specifier")
            else:
                yield child

    def _pair(self, node: Any) -> Iterator[Any]:
        key = node.child_by_field_name("key") or node.child_by_field_name("property")
        value = node.child_by_field_name("value")
        if key is not None and key.type == "computed_property_name":
            yield key
        if value is not None:
            yield value

    def _operation(self, node: Any) -> Iterator[Any]:
        operator = node.child_by_field_name("operator").type
        for operand in named(node):
            if operator == "typeof" and operand.type == "identifier":
                yield partial(self._refer, operand, "test")
            else:
                yield from self._asked(operand) if operator in _ASKS else [operand]

    def _choice(self, node: Any) -> Iterator[Any]:
        condition = node.child_by_field_name("condition")
        for child in named(node):
            yield from self._asked(child) if child == condition else [child]

    def _asked(self, node: Any) -> Iterator[Any]:
        """A value of which is asked whether it is there; of a name that nobody defines, that cannot be asked."""
        while node.type == "parenthesized_expression" and (inner := next(named(node), None)) is not None:
            node = inner
        yield from self._index(node, "test") if node.type in _MEMBERS else [node]

    def _module(self, node: Any) -> None:
        name = written_text(node)
        if name is None:
            return
        parts: list[str] | None = []
        for part in name.split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part == "..":
                parts = None
                break
            elif part not in ("", ".") and parts is not None:
                parts.append(part)
        near = name.startswith((_HERE, "../")) and parts
        self.scopes.module(["/".join(parts)] if near and parts else [], name, place_of(node))


def _is_caught(function: Any, arguments: int) -> bool:
    """Whether it is the `catch` of a promise, or a `then` that takes both ways."""
    name = function.child_by_field_name("property")
    return name is not None and (text_of(name), arguments) in (("catch", 1), ("then", 2))
