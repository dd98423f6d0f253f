"""Which reply a request gets: those in the queue first, each once, then the first rule that fits."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from typing import NamedTuple

from llmspell.testing.answers import Scripted
from llmspell.testing.endpoints import CHAT
from llmspell.testing.request import Request


class Rule(NamedTuple):
    """A reply for requests to `path`; what else is given must fit as well.

    `match` is a part of the last input, or a pattern found in it; `nth` counts the requests to `path` from 1.
    """

    reply: Scripted
    match: str | re.Pattern[str] | None = None
    model: str | None = None
    nth: int | None = None
    path: str = CHAT

    def fits(self, request: Request, nth: int) -> bool:
        """Whether the rule answers the request, which is the `nth` to its path."""
        if request.path != self.path or self.nth not in {None, nth} or self.model not in {None, request.model}:
            return False
        if isinstance(self.match, re.Pattern):
            return self.match.search(request.last_input) is not None
        return self.match is None or self.match in request.last_input


class Script:
    """A queue and rules, asked by many threads."""

    def __init__(self) -> None:
        self._queue: deque[Scripted] = deque()
        self._rules: list[Rule] = []
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def queue(self, *replies: Scripted) -> None:
        """Adds replies for the next chat completions, whatever they ask."""
        with self._lock:
            self._queue.extend(replies)

    def add(self, rule: Rule) -> None:
        """Adds a rule behind the others."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Forgets everything but how many requests there were."""
        with self._lock:
            self._queue.clear()
            self._rules.clear()

    def reply_to(self, request: Request) -> Scripted | None:
        """The reply for the request, None when nothing is scripted for it."""
        with self._lock:
            self._seen[request.path] += 1
            if request.path == CHAT and self._queue:
                return self._queue.popleft()
            nth = self._seen[request.path]
            return next((rule.reply for rule in self._rules if rule.fits(request, nth)), None)
