"""What the kernel has on which the tests run: older ones have less of Landlock, and no PR_SET_MDWE."""

from __future__ import annotations

from llmspell_workers.confine import SystemCalls
from llmspell_workers.confine.steps import NETWORK_SINCE, SCOPES_SINCE


def _made(name: str, *arguments: int) -> int:
    try:
        return SystemCalls()(name, *arguments)
    except OSError:
        return -1


LANDLOCK = max(_made("landlock_create_ruleset", 0, 0, 1), 0)
"""The ABI level, 0 without Landlock."""
MDWE = _made("prctl", 66, 0, 0, 0, 0) >= 0
"""PR_GET_MDWE, since Linux 6.3."""


def lacking() -> set[str]:
    """The steps that no worker can take on this kernel."""
    since = {"landlock-files": 1, "landlock-network": NETWORK_SINCE, "landlock-scopes": SCOPES_SINCE}
    return {step for step, level in since.items() if level > LANDLOCK}
