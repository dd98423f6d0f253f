"""Names and the scopes that define them, the same for all languages; what nobody defines is the script's outside.

Theory of operation. A language's reader walks a source and tells of scopes, of names that are bound, and of references.
In an `ordered` language a name is bound from its declaration on, in the others in all of its scope: there a reference
waits until its scope ends. What is free at last is told as facts. The number of facts is bounded, and so is the size of
each.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

Place = tuple[int, int, int, int]
"""Where something stands: row and column, and those after its end. They count from 0, columns in bytes."""

MAX_FACTS = 5000
MAX_OF_ONE = 3
"""References to one name, used in one way, that are told, where none of the script API is meant."""
MAX_STRANGE = 500
MAX_NAME = 200
MAX_MEMBERS = 8


class Reference:
    """A use of a name: `name.member.member`, and what is done with it.

    `use` is `read`, `test` (only asked whether it is there), `index`, `call` or `write`. `members` come with their
    places; `whole` says that they are all there are. `arguments` are those of a call, as `literals.py` says.
    `guarded`: what it raises is caught.
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


class _Scope:
    __slots__ = ("function", "names", "waiting")

    def __init__(self, *, function: bool) -> None:
        self.function = function
        self.names: set[str] = set()
        self.waiting: list[Reference] = []


class Scopes:
    """The scopes of one source. `guards` is how many callers and blocks around the place catch what is raised there."""

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._scopes = [_Scope(function=True)]
        self.free: list[Reference] = []
        self.assigned: set[str] = set()
        """Names that the script gives to the outside: globals that it makes."""
        self.open = False
        """Whether names may come to be in ways that are not seen here."""
        self.modules: list[list[object]] = []
        self.strange: list[list[object]] = []
        """Names with letters beyond ASCII, with a place of each."""
        self.guards = 0

    def enter(self, *, function: bool = False) -> None:
        """A scope begins; `function`: one in which a function's own names live."""
        self._scopes.append(_Scope(function=function))

    def leave(self) -> None:
        """The innermost scope ends."""
        ended = self._scopes.pop()
        around = self._scopes[-1]
        around.waiting += [one for one in ended.waiting if one.name not in ended.names]

    def bind(self, name: str, *, function: bool = False) -> None:
        """A name is defined here, or, with `function`, in all of the function."""
        scope = self._scopes[-1]
        if function:
            scope = next(one for one in reversed(self._scopes) if one.function)
        scope.names.add(name)

    def knows(self, name: str) -> bool:
        """Whether a scope around the place defines it, as far as was read."""
        return any(name in scope.names for scope in reversed(self._scopes))

    def refer(self, reference: Reference) -> None:
        """A name is used."""
        reference.guarded = self.guards > 0
        if not self._ordered:
            self._scopes[-1].waiting.append(reference)
        elif not self.knows(reference.name):
            self.free.append(reference)

    def assign(self, name: str) -> None:
        """A name is given a value by an assignment, which makes a global where no scope defines it."""
        if not self._ordered or not self.knows(name):
            self.assigned.add(name)

    def module(self, paths: list[str], name: str, place: Place) -> None:
        """A module is asked for by a literal name; `paths` are the files that it may be in, from the script's place."""
        if len(self.modules) < MAX_FACTS:
            cut = [path[: MAX_NAME * 2] for path in paths[:4]]
            self.modules.append([cut, name[:MAX_NAME], list(place), self.guards > 0])

    def strange_name(self, name: str, place: Place) -> None:
        """A name, whatever it is the name of, that has letters beyond ASCII."""
        if len(self.strange) < MAX_STRANGE:
            self.strange.append([name[:MAX_NAME], list(place)])

    def facts(self, told_whole: Container[str]) -> dict[str, object]:
        """What the host is told. References to names in `told_whole` are told one by one, others by example."""
        while len(self._scopes) > 1:
            self.leave()
        last = self._scopes[0]
        free = [*self.free, *(one for one in last.waiting if one.name not in last.names)]
        told: list[list[object]] = []
        counted: dict[tuple[str, str, str], int] = {}
        for one in free:
            if one.name in self.assigned and one.name not in told_whole:
                continue
            if one.name not in told_whole:
                kind = (one.name, one.use, one.members[0][0] if one.members else "")
                counted[kind] = counted.get(kind, 0) + 1
                if counted[kind] > MAX_OF_ONE:
                    continue
            told.append(one.fact())
            if len(told) == MAX_FACTS:
                break
        assigned = sorted(name for name in self.assigned if len(name) <= MAX_NAME)[:MAX_FACTS]
        return {
            "references": told, "modules": self.modules, "assigned": assigned, "strange": self.strange,
            "open": self.open, "lenient": self._ordered,
            "more": len(told) == MAX_FACTS or len(self.modules) == MAX_FACTS,
        }  # fmt: skip
