"""What the host keeps for a script, and the bound on it: nothing of a script's grows without a limit."""

from __future__ import annotations

import _thread

from llmspell.errors import CallError, ErrorKind


class Kept:
    """Bytes that the host holds for one run, by owner (`agent:NAME`, `stream:1`). Any thread may say what it holds."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self._held: dict[str, int] = {}
        self._total = 0
        self._turn = _thread.allocate_lock()

    def hold(self, owner: str, size: int) -> None:
        """Says that `owner` now holds `size` bytes. Raises CallError (budget), and nothing has changed."""
        with self._turn:
            held = self._held.get(owner, 0)
            total = self._total - held + size
            if total > self.allowed and size > held:
                raise self._too_much(total)
            self._held[owner] = size
            self._total = total

    def count(self, owner: str, size: int) -> None:
        """The same for what is there already: it is `check` that raises then."""
        with self._turn:
            self._total += size - self._held.get(owner, 0)
            self._held[owner] = size

    def check(self) -> None:
        """Raises CallError (budget) when more is held than may be."""
        if self._total > self.allowed:
            raise self._too_much(self._total)

    def release(self, owner: str) -> None:
        """`owner` is gone."""
        with self._turn:
            self._total -= self._held.pop(owner, 0)

    def _too_much(self, total: int) -> CallError:
        return CallError(
            ErrorKind.BUDGET,
            f"the host would keep {total:,} bytes for this script and may keep {self.allowed:,};"
            " reset agents that are done with",
        )
