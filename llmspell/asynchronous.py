"""Blocking work from async code: on a thread of its own, waited for, and never left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def on_thread(work: Callable[[], _T], *, stop: Callable[[], None]) -> _T:
    """What `work` gives, or raises. Where the task is cancelled, `stop` is called, and the end of `work` waited for."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def settle(give: Callable[[], None]) -> None:
        if not answer.done():
            give()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - carried to the awaiting task
            failure = error
            loop.call_soon_threadsafe(settle, lambda: answer.set_exception(failure))
        else:
            loop.call_soon_threadsafe(settle, lambda: answer.set_result(result))

    threading.Thread(target=run, name="llmspell-run", daemon=True).start()
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([answer])
        raise
