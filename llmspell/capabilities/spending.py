"""What the models of one run spend: reserved before a call is sent, settled when its answer is there.

Theory of operation. Each call has purses: the run's, and those of its agent and of the grants that let it through. A
reservation holds back, in all of them, what the call takes at the most, so that calls which are under way together can
cross no bound. Where that is more than there is room for, the answer is made shorter (`max_tokens`), rather than the
call refused: beside other calls to no less than `FAIR_ANSWER`, and alone to no less than `LEAST_ANSWER`. A call that
lacks room only because of others waits for them. It does not wait for streams that nobody reads, because whoever waits
may be who is to read them: after `patience` seconds in which none of the others moved, it is refused.

A call's media are in the host's memory as long as it is under way, several times over (as bytes, as base64, as JSON),
and an image counts few tokens. So calls wait for one another's media in the same way, above `MEDIA_AT_ONCE`.

Calls are made on threads: all of this is behind one lock, which is never held while a provider is asked.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmspell.capabilities.purse import Need, Price, Purse
from llmspell.errors import CallError, ErrorKind
from llmspell.limits import MIB, Limits, format_size
from llmspell.outcome import Usage

if TYPE_CHECKING:
    from llmspell.providers.provider import Completion

LEAST_ANSWER = 16
"""Tokens. A call that could not have so long an answer, if it wants one, is not sent."""
FAIR_ANSWER = 4096
"""Tokens. Beside other calls an answer is not cut below this: it waits for them instead."""
PATIENCE = 1.0
"""Seconds without any step of the others after which a call does not wait for them any longer."""
LAST_WAIT = 1.0
"""Seconds: whoever reads an answer that is closed has long seen it by then."""
MEDIA_AT_ONCE = 32 * MIB
"""Bytes of media that the calls of a run may carry while they are under way; one of more than this goes alone."""
MOST = 10**15
"""Tokens: no provider's figure counts for more."""


class Reservation:
    """What is held back for one call, until the first of `settle`, `keep` and `release`.

    `need.completion_tokens` is how long the answer may be, `media` how many bytes the call carries. `active` says that
    somebody waits for the provider; a stream that is not being read is not. `begun`: something of the answer is there.
    `by_rule`: nobody knows the price.
    """

    __slots__ = ("_spending", "active", "begun", "by_rule", "end_call", "media", "need", "open", "purses")

    def __init__(self, spending: Spending, purses: Sequence[Purse], need: Need, *, media: int = 0) -> None:
        self._spending = spending
        self.purses = purses
        self.need = need
        self.media = media
        self.active = True
        self.begun = False
        self.open = True
        self.by_rule = False
        self.end_call: Callable[[], None] = lambda: None
        """Closes the call's connection, from any thread."""

    def settle(self, completion: Completion, rate: float) -> None:
        """The answer is there; `rate` is what a token costs where the price is unknown. Raises LimitCrossed."""
        prompt, answer = (
            min(max(tokens, 0), MOST) for tokens in (completion.prompt_tokens, completion.completion_tokens)
        )
        cost = known_cost(completion.cost_usd)
        charged = rate * (prompt + answer) if cost is None else cost
        self._spending.end(self, Need(prompt, answer, charged), by_rule=cost is None)

    def keep(self, answer_tokens: int) -> None:
        """The answer broke off after about so many tokens: they, and the question, are paid for."""
        answer = min(answer_tokens, self.need.completion_tokens)
        share = (self.need.prompt_tokens + answer) / max(self.need.tokens, 1)
        self._spending.end(
            self, Need(self.need.prompt_tokens, answer, self.need.cost_usd * share), by_rule=self.by_rule
        )

    def release(self) -> None:
        """There was no answer. The call itself stays counted: it was sent."""
        self._spending.end(self, Need(0, 0, 0.0), by_rule=False)

    def moved(self, *, active: bool) -> None:
        """A stream is being read, or is not any longer. Called for each chunk, so without the lock."""
        self.active = active
        self._spending.steps += 1


def known_cost(cost_usd: float | None) -> float | None:
    """What a provider says of a cost, if it is an amount: what is no number would pass every bound, for good."""
    return max(cost_usd, 0.0) if cost_usd is not None and math.isfinite(cost_usd) else None


class Spending:
    """The purse of one run, and every reservation in it. `patience` is in seconds."""

    def __init__(self, limits: Limits, *, patience: float = PATIENCE) -> None:
        self._run = Purse.of_run(limits)
        self._patience = patience
        self._changed = threading.Condition()
        self._open: set[Reservation] = set()
        self._over = False
        self._prompt = self._answer = 0
        self._by_rule = 0.0
        self._media = 0
        self.steps = 0

    @property
    def spent(self) -> Usage:
        """The figures so far, and nothing else of what a run uses."""
        return Usage(
            model_calls=self._run.calls,
            prompt_tokens=self._prompt,
            completion_tokens=self._answer,
            cost_usd=self._run.cost_usd,
            cost_by_rule_usd=self._by_rule,
        )

    def reserve(
        self, purses: Sequence[Purse], full: Need, least: Callable[[], Need], *, may_wait: bool, media: int = 0
    ) -> Reservation:
        """Holds back `full`, or as much of it as there is room for; `least` gives the need of the shortest answer.

        `media` are the bytes of them that the call carries. Raises LimitCrossed where the run has no room for it, and
        CallError (`budget`) where a purse has none, or where other calls hold what is left and waiting for them is no
        use.
        """
        mine = (*purses, self._run)
        with self._changed:
            if self._over:
                raise CallError(ErrorKind.BUDGET, "the run is over: nothing is sent any more")
            if media:
                self._await_media(media, may_wait=may_wait)
            self._media += media  # at once: the call may have to wait for tokens
            try:
                for purse in mine:
                    purse.check_call()
                if not all(purse.holds(full) for purse in mine):
                    full = self._shortened(mine, full, Price.between(least(), full), may_wait=may_wait)
            except BaseException:
                self._media -= media
                self._changed.notify_all()
                raise
            return self._hold(mine, full, media)

    def end(self, reservation: Reservation, used: Need, *, by_rule: bool) -> None:
        """For reservations: gives back what was held, and adds what was used. Raises LimitCrossed."""
        with self._changed:
            if not reservation.open:
                return
            reservation.open = False
            self._open.discard(reservation)
            self._media -= reservation.media
            for purse in reservation.purses:
                purse.hold(reservation.need, -1)
                purse.spend(used)
            self._prompt += used.prompt_tokens
            self._answer += used.completion_tokens
            self._by_rule += used.cost_usd if by_rule else 0.0
            self._changed.notify_all()
            self._run.check_spent()

    def close(self) -> None:
        """The run is over: calls that are under way are closed, whoever waits for room goes home, nobody asks again."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self.end_calls()

    def end_calls(self) -> None:
        """Closes the calls that are under way, and waits until what has come of their answers is paid for: the thread
        that reads one settles it."""
        with self._changed:
            left = list(self._open)
        for reservation in left:
            reservation.end_call()
        with self._changed:
            self._changed.wait_for(lambda: not any(one.open and one.begun for one in left), timeout=LAST_WAIT)

    def _hold(self, purses: Sequence[Purse], need: Need, media: int) -> Reservation:
        made = Reservation(self, purses, need, media=media)
        self._open.add(made)
        for purse in purses:
            purse.calls += 1
            purse.hold(need)
        return made

    def _shortened(self, purses: Sequence[Purse], full: Need, price: Price, *, may_wait: bool) -> Need:
        """The longest answer that there is room for, once there is enough for one that is worth sending."""
        least = min(full.completion_tokens, LEAST_ANSWER)
        fair = min(full.completion_tokens, FAIR_ANSWER)
        while True:
            for purse in purses:
                purse.check_call()
                purse.check_room(price.need(least))
            room = min(purse.room(price, alone=False) for purse in purses)
            if room >= fair or (room >= least and not self._others(purses)):
                break
            if not may_wait or not self._wait():
                if room >= least:
                    break
                raise CallError(
                    ErrorKind.BUDGET,
                    "other calls that are under way hold what is left of the tokens or the cost, and none of them"
                    " moves; read the open streams to their end, or close them, before you ask again",
                    {"open_calls": len(self._open)},
                )
        return price.need(int(min(room, full.completion_tokens)))

    def _await_media(self, media: int, *, may_wait: bool) -> None:
        while self._media and self._media + media > MEDIA_AT_ONCE:
            if not may_wait or not self._wait():
                raise CallError(
                    ErrorKind.BUDGET,
                    f"other calls that are under way carry {format_size(self._media)} of media, with this one it would"
                    f" be {format_size(self._media + media)} of the {format_size(MEDIA_AT_ONCE)} that may be at once,"
                    " and none of them moves; read the open streams to their end, or close them, before you ask again",
                    {"open_calls": len(self._open), "allowed": MEDIA_AT_ONCE, "used": self._media + media},
                )

    def _others(self, purses: Sequence[Purse]) -> bool:
        return any(purse.held_tokens or purse.held_cost for purse in purses)

    def _wait(self) -> bool:
        """Waits until a call has ended; false when none of those that are under way moves."""
        while not self._over:
            steps = self.steps
            if self._changed.wait(self._patience):
                return not self._over
            if steps == self.steps and not any(one.active for one in self._open):
                return False
        return False
