"""`parallel`: functions whose calls are open at the same time.

Theory of operation. A branch is a greenlet: a call in it is begun, and the branch gives way to the main one, which
resumes whichever branch has its reply. So plain functions run side by side without a thread, nested lists and callbacks
of C functions included. All branches are resumed by the main greenlet, and a list inside a branch waits like a call.
"""

from __future__ import annotations

import sys
import types
from collections import deque

from greenlet import getcurrent, greenlet

from llmspell_workers.python.calls import MAX_OPEN, Calls
from llmspell_workers.python.errors import ValidationError
from llmspell_workers.wire import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from llmspell_workers.wire import Reply


class Branches:
    """All branches of one engine."""

    __slots__ = ("_abandoned", "_calls", "_inside", "_main", "_ready")

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._main = getcurrent()
        self._inside: set[greenlet] = set()
        self._ready: deque[tuple[greenlet, object]] = deque()
        self._abandoned: list[greenlet] = []
        calls.give_way = self._way

    def parallel(self, functions: Sequence[Callable[[], object]]) -> list[object]:
        """The results of all functions; the first error, in their order, is raised after all have ended."""
        if not isinstance(functions, (list, tuple)):
            raise ValidationError(f"parallel needs a list of functions, not {kind_of(functions)}")
        for index, function in enumerate(functions):
            if not callable(function):
                raise ValidationError(f"parallel needs a list of functions: [{index}] is {kind_of(function)}")
        group = _Group(list(functions))
        for _ in range(min(MAX_OPEN, len(functions))):
            self._start_next(group)
        if self.on_main:
            while group.left:
                self.step()
        elif group.left:
            group.waiter = getcurrent()
            _switch(self._main, None)
        for error in group.errors:
            if error is not None:
                raise error
        return group.results

    def aside(self, function: Callable[[], object], done: Callable[[object, BaseException | None], None]) -> None:
        """Runs a function in a branch of its own; `done` is given its result or its error."""

        def run() -> None:
            self.here(function, done)
            self._inside.discard(getcurrent())

        self._ready.append((self._new(run), None))

    def here(self, function: Callable[[], object], done: Callable[[object, BaseException | None], None]) -> None:
        """The same without a branch, at once."""
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it again
            done(None, error)
        else:
            done(result, None)

    @property
    def on_main(self) -> bool:
        """Whether this is no branch: only then may others be resumed."""
        return getcurrent() is self._main

    @property
    def ready(self) -> bool:
        """Whether a branch can go on, and may be resumed from here."""
        return bool(self._ready) and self.on_main

    def step(self) -> None:
        """Resumes a branch, or waits for a reply."""
        if not self._ready:
            self._calls.pump()
            return
        branch, value = self._ready.popleft()
        _switch(branch, value)

    def outer_frame(self) -> types.FrameType | None:
        """Inside a branch: the frame in which the main greenlet waits for it."""
        return None if self.on_main else self._main.gr_frame

    def reset(self) -> None:
        """Between two runs. What was begun and never ended is kept as it is: to drop it would run its `finally`."""
        self._abandoned += self._inside
        self._inside.clear()
        self._ready.clear()

    def _way(self) -> Callable[[int], Reply] | None:
        if not self._inside:  # nearly always
            return None
        return self._wait if getcurrent() in self._inside else None

    def _wait(self, number: int) -> Reply:
        branch = getcurrent()
        self._calls.expect(number, lambda reply: self._ready.append((branch, reply)))
        reply: Reply = _switch(self._main, None)  # type: ignore[assignment]
        return reply

    def _new(self, run: Callable[[], None]) -> greenlet:
        branch = greenlet(lambda _value: run(), parent=self._main)
        self._inside.add(branch)
        return branch

    def _start_next(self, group: _Group) -> None:
        index = group.begun
        group.begun += 1

        def run() -> None:
            try:
                group.results[index] = _driven(group.functions[index]())
            except BaseException as error:  # noqa: BLE001 - it is raised again where the list was run
                group.errors[index] = error
            self._inside.discard(getcurrent())
            group.left -= 1
            if group.begun < len(group.functions):
                self._start_next(group)
            elif not group.left and group.waiter is not None:
                self._ready.append((group.waiter, None))

        self._ready.append((self._new(run), None))


class _Group:
    """The functions of one `parallel`, and what came of them."""

    __slots__ = ("begun", "errors", "functions", "left", "results", "waiter")

    def __init__(self, functions: list[Callable[[], object]]) -> None:
        self.functions = functions
        self.results: list[object] = [None] * len(functions)
        self.errors: list[BaseException | None] = [None] * len(functions)
        self.begun, self.left = 0, len(functions)
        self.waiter: greenlet | None = None


def _switch(target: greenlet, value: object) -> object:
    """Hands control to `target`. A loop of asyncio that runs here runs in no other branch."""
    events = sys.modules.get("asyncio.events")
    loop = None if events is None else events._get_running_loop()
    if events is None or loop is None:
        return target.switch(value)
    events._set_running_loop(None)
    try:
        return target.switch(value)
    finally:
        events._set_running_loop(loop)


def _driven(made: object) -> object:
    """What a function gave; a coroutine is run to its end first, each of its calls giving way."""
    return drive(made) if isinstance(made, types.CoroutineType) else made


def drive(coroutine: Coroutine[object, None, object]) -> object:
    """Runs a coroutine whose calls are the script's own; RuntimeError if it waits for anything of asyncio."""
    try:
        while coroutine.send(None) is None:
            pass
    except StopIteration as ended:
        return ended.value
    coroutine.close()
    raise RuntimeError("a coroutine in parallel can wait for calls only; use asyncio.gather for what asyncio makes")
