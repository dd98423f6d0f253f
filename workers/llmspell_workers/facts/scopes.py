"""Names and the scopes that define them, the same for all languages; what nobody defines is the script's outside.

Theory of operation. A language's reader walks a source and tells of scopes, of names that are bound, and of references.
In an `ordered` language a name is bound from its declaration on, in the others in all of its scope: there a reference
waits until its scope ends. What is free at last is told as facts. The number of facts is bounded, and so is the size of
each; that there are more of them is told, too. A name is told by example, and besides wherever a comment may switch off
what is said of it: such a comment is about its line alone, and hides no use on another one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sized

Place = tuple[int, int, int, int]
"""Where something stands: row and column, and those after its end. They count from 0, columns in bytes."""

MAX_FACTS = 5000
MAX_DEFINED = 200
MAX_OF_ONE = 3
"""References to one name, used in one way, guarded or not, that are told, where none of the script API is meant."""
MAX_NAME = 200
MAX_MEMBERS = 8
_MARK = b"llmspell: off"
"""What a comment begins with that switches rules off, for its line or for the next one."""


class Reference:
    """A use of a name: `name.member.member`, and what is done with it.

    `use` is `read`, `test` (only asked whether it is there, or its last member), `index`, `call` or `write`. `members`
    come with their places; `whole` says that they are all there are. `arguments` are those of a call, as `literals.py`
    says. `guarded`: what it raises is caught.
    """

    __slots__ = ("arguments", "guarded", "members", "name", "place", "use", "whole")

    def __init__(
        self,
        name: str,
        place: Place,
        use: str = "read",
        members: list[tuple[str, Place]] | None = None,
        *,
        whole: bool = True,
        arguments: list[object] | None = None,
        guarded: bool = False,
    ) -> None:
        self.name, self.place, self.use = name, place, use
        self.members, self.whole = members or [], whole
        self.arguments, self.guarded = arguments, guarded

    def fact(self) -> list[object]:
        """As the host is told."""
        members = [[name[:MAX_NAME], list(place)] for name, place in self.members[:MAX_MEMBERS]]
        whole = self.whole and len(self.members) <= MAX_MEMBERS
        return [self.name[:MAX_NAME], list(self.place), self.use, members, whole, self.arguments, self.guarded]


class _Binding:
    """What a name was bound to: `origin` is the call that gave its value, until it is given another one."""

    __slots__ = ("origin",)

    def __init__(self, origin: Reference | None) -> None:
        self.origin = origin


class _Scope:
    """`own`: functions in it do not see its names, for which references in `passing` do not wait."""

    __slots__ = ("function", "names", "own", "passing", "waiting")

    def __init__(self, *, function: bool, own: bool = False) -> None:
        self.function, self.own = function, own
        self.names: dict[str, _Binding] = {}
        self.waiting: list[Reference] = []
        self.passing: list[Reference] = []


class Scopes:
    """The scopes of one source. `guards` is how many callers and blocks around the place catch what is raised there."""

    def __init__(self, source: bytes, *, ordered: bool) -> None:
        self._ordered = ordered
        self._marked = _marked_rows(source)
        self._scopes = [_Scope(function=True)]
        self.free: list[Reference] = []
        self.assigned: set[str] = set()
        """Names that the script gives to the outside: globals that it makes."""
        self._defined: dict[str, None] = {}
        """Names that some scope defines: what somebody may have meant who wrote another one."""
        self._given: set[str] = set()
        """Names that are given another value somewhere, whoever has defined them."""
        self.open = False
        """Whether names may come to be in ways that are not seen here."""
        self.modules: list[list[object]] = []
        self.strange: list[list[object]] = []
        """Names with letters beyond ASCII, with a place of each."""
        self._strange: set[str] = set()
        self._more = False
        self.guards = 0
        self._bound: list[tuple[Reference, _Binding]] = []
        """Methods that are called of a name that the script defines."""

    def enter(self, *, function: bool = False, own: bool = False) -> None:
        """A scope begins; `function`: one in which a function's own names live; `own`: functions in it see none of
        them."""
        self._scopes.append(_Scope(function=function, own=own))

    def leave(self) -> None:
        """The innermost scope ends."""
        ended, outer = self._scopes.pop(), self._scopes[-1]
        free = self._unbound(ended)
        if outer.own and ended.function:
            outer.passing += free
        else:
            outer.waiting += free

    @property
    def in_function(self) -> bool:
        """Whether the place is in a function."""
        return any(scope.function and not scope.own for scope in self._scopes[1:])

    def _unbound(self, scope: _Scope) -> list[Reference]:
        """The references in a scope that it does not define."""
        for one in scope.waiting:
            if one.name in scope.names:
                self._keep(one, scope.names[one.name])
        return [*scope.passing, *(one for one in scope.waiting if one.name not in scope.names)]

    def _keep(self, reference: Reference, binding: _Binding) -> None:
        if reference.use == "call" and reference.members and binding.origin is not None and self._has_room(self._bound):
            self._bound.append((reference, binding))

    def _has_room(self, facts: Sized) -> bool:
        """Whether there may be one more of these facts; if not, that there was one is remembered."""
        self._more = self._more or len(facts) >= MAX_FACTS
        return len(facts) < MAX_FACTS

    def _is_marked(self, *places: Place) -> bool:
        return any(place[0] in self._marked for place in places)

    def bind(self, name: str, *, function: bool = False, origin: Reference | None = None) -> None:
        """A name is defined here, or, with `function`, in all of the function. `origin` is the call that gives its
        value."""
        scope = self._scopes[-1]
        if len(self._defined) < MAX_DEFINED and len(name) <= MAX_NAME:
            self._defined[name] = None
        if function:
            scope = next(one for one in reversed(self._scopes) if one.function)
        if name not in scope.names or self._ordered:  # there a second declaration is another variable
            scope.names[name] = _Binding(origin)
        else:
            scope.names[name].origin = None

    def knows(self, name: str) -> bool:
        """Whether a scope around the place defines it, as far as was read."""
        return any(name in scope.names for scope in reversed(self._scopes))

    def refer(self, reference: Reference) -> None:
        """A name is used."""
        reference.guarded = self.guards > 0
        if not self._ordered:
            self._scopes[-1].waiting.append(reference)
            return
        for scope in reversed(self._scopes):
            if reference.name in scope.names:
                self._keep(reference, scope.names[reference.name])
                return
        self.free.append(reference)

    def assign(self, name: str) -> None:
        """A name is given a value by an assignment, which makes a global where no scope defines it."""
        for scope in reversed(self._scopes) if self._ordered else ():
            if name in scope.names:
                scope.names[name].origin = None
                return
        self.assigned.add(name)

    def give(self, name: str) -> None:
        """A name is given another value, and has to be there already."""
        self._given.add(name)

    def module(self, paths: list[str], name: str, place: Place) -> None:
        """A module is asked for by a literal name; `paths` are the files that it may be in, from the script's place."""
        if self._has_room(self.modules):
            cut = [path[: MAX_NAME * 2] for path in paths[:4]]
            self.modules.append([cut, name[:MAX_NAME], list(place), self.guards > 0])

    def strange_name(self, name: str, place: Place) -> None:
        """A name, whatever it is the name of, that has letters beyond ASCII."""
        self._more = self._more or len(name) > MAX_NAME  # nobody sees what is behind its begin
        if not self._is_marked(place):
            if name in self._strange:
                return
            self._strange.add(name)
        if self._has_room(self.strange):
            self.strange.append([name[:MAX_NAME], list(place)])

    def facts(self, told_whole: Container[str]) -> dict[str, object]:
        """What the host is told. References to names in `told_whole` are told one by one, others by example."""
        while len(self._scopes) > 1:
            self.leave()
        free = [*self.free, *self._unbound(self._scopes[0])]
        told: list[list[object]] = []
        counted: dict[tuple[str, str, str, bool], int] = {}
        for one in free:
            if one.name in self.assigned and one.name not in told_whole:
                continue
            if one.name not in told_whole and not self._is_marked(one.place, *(place for _, place in one.members)):
                kind = (one.name, one.use, one.members[0][0] if one.members else "", one.guarded)
                counted[kind] = counted.get(kind, 0) + 1
                if counted[kind] > MAX_OF_ONE:
                    continue
            if not self._has_room(told):
                break
            told.append(one.fact())
        outside = {id(one) for one in free}
        given = self.assigned | self._given
        methods: list[list[object]] = []
        for one, binding in self._bound:
            origin = binding.origin
            if origin is not None and id(origin) in outside and one.name not in given:
                methods.append([origin.fact()[:5], one.fact()])
        assigned = sorted(name for name in self.assigned if len(name) <= MAX_NAME)[:MAX_FACTS]
        return {
            "references": told,
            "methods": methods,
            "modules": self.modules,
            "assigned": assigned,
            "defined": list(self._defined),
            "strange": self.strange,
            "open": self.open,
            "lenient": self._ordered,
            "more": self._more,
        }


def _marked_rows(source: bytes) -> frozenset[int]:
    rows: set[int] = set()
    at = source.find(_MARK)
    row = source.count(b"\n", 0, max(at, 0))
    while at >= 0:
        rows |= {row, row + 1}
        following = source.find(_MARK, at + 1)
        row += source.count(b"\n", at, max(following, at))
        at = following
    return frozenset(rows)
