"""What the host keeps for a script, and the bound on it: nothing of a script's grows without a limit."""

from __future__ import annotations

from llmspell.errors import CallError, ErrorKind


class Kept:
    """Bytes that the host holds for one run, by owner (`agent:NAME`, `stream:1`)."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._held: dict[str, int] = {}
        self._total = 0

    def hold(self, owner: str, size: int) -> None:
        """Says that `owner` now holds `size` bytes. Raises CallError (budget), and nothing has changed."""
        total = self._total - self._held.get(owner, 0) + size
        if total > self._allowed and size > self._held.get(owner, 0):
            raise CallError(
                ErrorKind.BUDGET,
                f"the host would keep {total:,} bytes for this script and may keep {self._allowed:,};"
                " reset agents that are done with",
            )
        self._held[owner] = size
        self._total = total

    def release(self, owner: str) -> None:
        """`owner` is gone."""
        self._total -= self._held.pop(owner, 0)
