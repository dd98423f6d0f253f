"""Blocking work from async code: on a thread of its own, waited for, and never left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from llmspell.errors import SetupError
from llmspell.sandbox.threads import TOO_MANY

_T = TypeVar("_T")


async def on_thread(work: Callable[[], _T], *, stop: Callable[[], None]) -> _T:
    """What `work` gives, or raises. Where the task is cancelled, `stop` is called, and the end of `work` waited for.

    `work` finds the context variables of the task. A StopIteration of it is a RuntimeError, as in any coroutine. Raises
    SetupError where no thread can be had.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()
    answer.add_done_callback(lambda done: done.exception())  # seen: a cancelled task has no use for it

    def hand_over(give: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(give)
        except RuntimeError:
            if not loop.is_closed():  # else nobody waits any more
                raise

    def run() -> None:
        try:
            result = work()
        except StopIteration as error:
            wrapped = RuntimeError("a function of the host raised StopIteration")
            wrapped.__cause__ = error
            hand_over(lambda: answer.set_exception(wrapped))
        except BaseException as error:  # noqa: BLE001 - carried to the awaiting task
            failure = error
            hand_over(lambda: answer.set_exception(failure))
        else:
            hand_over(lambda: answer.set_result(result))

    try:
        threading.Thread(target=copy_context().run, args=(run,), name="llmspell-run", daemon=True).start()
    except RuntimeError as error:
        raise SetupError(f"the run has no thread: {error}; {TOO_MANY}") from None
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([answer])
        raise
