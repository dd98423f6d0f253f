"""One call of a provider, sent again when it failed in a way that passes.

What may be tried again is said by the error itself (`retryable`), when by the provider (`retry_after`) or by a backoff
that doubles, with jitter, on tenacity. This file keeps the rules that no wait outlives the call's deadline, that no
wait is longer than `LONGEST_WAIT`, that closing ends a wait at once, and that what is raised is the last error, which
says how often was tried.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.pace import Pace

TOO_MANY = 429
"""The HTTP status of a rate limit."""

FIRST_WAIT = 0.5
"""Seconds before the first retry, where the provider does not say; each further one waits twice as long."""

LONGEST_WAIT = 30.0
"""Seconds; a provider that asks for more gets no retry of this call."""

JITTER = 0.25
"""The share of a wait that chance adds, so that calls which failed together do not come back together."""

Wait = Callable[[threading.Event, float], bool]
"""Waits so many seconds for an event, and says whether it came: `threading.Event.wait`, or a test's own."""

_T = TypeVar("_T")


class Attempts:
    """The attempts of one call. `close` works from any thread, at any time."""

    __slots__ = (
        "_clock",
        "_closed",
        "_deadline",
        "_max_retries",
        "_name",
        "_pace",
        "_pause_seconds",
        "_random",
        "_seconds",
        "_wait",
        "made",
    )

    def __init__(
        self,
        name: str,
        pace: Pace,
        *,
        max_retries: int,
        seconds: float,
        clock: Callable[[], float],
        wait: Wait = threading.Event.wait,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._pace = pace
        self._max_retries = max_retries
        self._clock = clock
        self._seconds = seconds
        self._deadline = clock() + seconds
        self._wait = wait
        self._random = chance
        self._closed = threading.Event()
        self._pause_seconds = 0.0
        self.made = 0

    @property
    def seconds_left(self) -> float:
        """Until the deadline of the call; never negative."""
        return max(self._deadline - self._clock(), 0.0)

    @property
    def closed(self) -> bool:
        """Whether the caller wants no answer any more."""
        return self._closed.is_set()

    def allow(self, seconds: float) -> None:
        """Moves the deadline: so much time went by that is nobody's fault, like the loading of a library."""
        self._deadline += seconds

    def close(self) -> None:
        """Ends a wait, and with it the call."""
        self._closed.set()

    def run(self, attempt: Callable[[], _T]) -> _T:
        """What `attempt` gives, made until it succeeds or fails for good. Raises CallError."""
        self._deadline = self._clock() + self._seconds

        def once() -> _T:
            self._pass_gate()
            self.made += 1
            return attempt()

        try:
            return once()
        except CallError as error:
            if not self._may_again(error) or self._max_retries < 1:
                raise
        self._pause(self._pause_seconds)
        return self._retried(once)

    def _retried(self, once: Callable[[], _T]) -> _T:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt  # 36 ms, by the first retry only

        retrying = Retrying(
            sleep=self._pause,
            wait=lambda _: self._pause_seconds,
            stop=stop_after_attempt(self._max_retries),
            retry=retry_if_exception(self._may_again),
            reraise=True,
        )
        try:
            return retrying(once)
        except CallError as error:
            failure = error
        if failure.details.get("closed"):
            raise failure
        message = f"{failure.message} (tried {self.made} times)"
        raise CallError(failure.kind, message, {**failure.details, "attempts": self.made})

    def _may_again(self, error: BaseException) -> bool:
        """Whether the call is worth another attempt, and can wait for it; notes for how long."""
        if not isinstance(error, CallError) or not error.details.get("retryable"):
            return False
        if error.details.get("answered_bytes"):
            return False  # it has cost something: whether to pay for another one is for whoever counts
        asked = error.details.get("retry_after")
        backoff = FIRST_WAIT * 2 ** (self.made - 1) * (1 + JITTER * self._random())
        seconds = max(asked, 0.0) if isinstance(asked, (int, float)) else min(backoff, LONGEST_WAIT)
        if error.details.get("status") == TOO_MANY:
            self._pace.be_quiet(min(seconds, LONGEST_WAIT))
        self._pause_seconds = seconds
        return not self.closed and seconds <= LONGEST_WAIT and seconds < self.seconds_left

    def _pass_gate(self) -> None:
        while not self.closed and (seconds := self._pace.enter()) > 0:
            if seconds >= self.seconds_left:
                message = (
                    f"provider {self._name!r} may not be asked for another {seconds:.3g} s (requests_per_minute, or "
                    f"its own rate limit), and this call has {self.seconds_left:.3g} s left; try again later"
                )
                details = {"provider": self._name, "status": None, "retryable": True, "retry_after": seconds}
                raise CallError(ErrorKind.PROVIDER, message, details)
            self._pause(seconds)
        if self.closed:
            raise CallError(
                ErrorKind.PROVIDER,
                f"provider {self._name!r}: the call was closed before it was sent",
                {"provider": self._name, "status": None, "retryable": False, "closed": True},
            )

    def _pause(self, seconds: float) -> None:
        self._wait(self._closed, seconds)
