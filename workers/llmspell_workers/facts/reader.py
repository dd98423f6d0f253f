"""What the readers of all languages do alike: they tell of calls, of what is caught, and of what a call's value is
bound to.

A reader goes through a source by steps (`grammar.walk`): a method gives what comes next behind a node, nodes and
functions to call, so that a reference is told when its turn comes and not when its node is looked at.
"""

from __future__ import annotations

from functools import partial

from llmspell_workers.facts.grammar import place_of, text_of
from llmspell_workers.facts.scopes import Reference, Scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Reader:
    """What every reader has."""

    def __init__(self, scopes: Scopes) -> None:
        self.scopes = scopes
        self._made: dict[int, Reference] = {}
        """The calls that were told, by their nodes."""

    def _tell(self, reference: Reference, call: int | None) -> None:
        self.scopes.refer(reference)
        if call is not None:
            self._made[call] = reference

    def _bind_call(self, name: str, call: int | None, *, function: bool = False) -> None:
        """A name is given what a call gives, once it is there."""
        self.scopes.bind(name, function=function, origin=None if call is None else self._made.get(call))

    def _guarded(self, steps: Iterator[Any], *, caught: bool) -> Iterator[Any]:
        """The same steps; `caught`: what they raise is."""
        if caught:
            yield partial(self._guard, 1)
        yield from steps
        if caught:
            yield partial(self._guard, -1)

    def _guard(self, more: int) -> None:
        self.scopes.guards += more


class TreeReader(Reader):
    """What readers of tree-sitter's trees have: `root.member[...]` in any language that writes it so."""

    INDEXES: tuple[str, ...]
    """The nodes of an index."""
    MEMBERS: tuple[str, ...]
    """Fields of such a node, of which one is the member."""
    ROOT: str
    """The field that is indexed."""

    def _member_text(self, index: Any, member: Any) -> str | None:
        """The name of a member, None where it is not written."""
        raise NotImplementedError

    def _is_globals(self, name: str) -> bool:
        """Whether a name is that of the table of all globals."""
        raise NotImplementedError

    def _is_open(self, name: str, use: str) -> bool:
        """Whether this use of a name can define names in ways that are not seen."""
        raise NotImplementedError

    def _refer(self, node: Any, use: str, *, call: Any = None, **more: Any) -> None:
        name = text_of(node)
        self.scopes.open = self.scopes.open or self._is_open(name, use)
        self._tell(Reference(name, place_of(node), use, **more), None if call is None else call.id)

    def _index(self, node: Any, use: str, **more: Any) -> Iterator[Any]:
        """`root.member[...]` with what is inside: a reference where the root is a name."""
        members: list[Any] = []
        whole, root = True, node
        while root.type in self.INDEXES:
            member = next(filter(None, map(root.child_by_field_name, self.MEMBERS)), None)
            written = None if member is None else self._member_text(root, member)
            if written is not None:
                members.append((written, place_of(member)))
            else:
                whole, members = False, []
                if member is not None:
                    yield member
            root = root.child_by_field_name(self.ROOT)
        members.reverse()
        if root.type != "identifier":
            yield root
        elif self._is_globals(text_of(root)) and members:
            if use == "write" and len(members) == 1:
                self.scopes.assign(members[0][0])
            elif use == "test" and len(members) == 1:
                name, place = members[0]
                yield partial(self._tell, Reference(name, place, "test"), None)
        else:
            use = "index" if use == "read" else use
            yield partial(self._refer, root, use, members=members, whole=whole, **more)
