"""What a run requires of the kernel, and whether this version can arm it: fail closed."""

from __future__ import annotations

from collections.abc import Iterable

from llmspell.errors import SetupError, UsageError, nearest
from llmspell.outcome import Confinement

PROTECTIONS = ("memory", "files", "network", "processes")
ARMED = ("memory",)
"""What workers arm so far; the others come with Landlock and seccomp, and are never pretended."""
DEFAULT = PROTECTIONS
"""What `sandbox` requires when nothing weaker is typed out."""


def read_required(text: str) -> tuple[str, ...]:
    """The protections in a list like `memory,files`; raises UsageError for an unknown one."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in PROTECTIONS:
            close = nearest(name, list(PROTECTIONS))
            hint = f"; did you mean {close}?" if close else ""
            raise UsageError(f"there is no protection {name[:60]!r}{hint} (known are {', '.join(PROTECTIONS)})")
    if not names:
        raise UsageError(f"--require needs at least one protection of {', '.join(PROTECTIONS)}")
    return names


def check_required(names: Iterable[str]) -> None:
    """Raises SetupError unless every protection can be armed: then nothing may run."""
    missing = [name for name in read_required(",".join(names)) if name not in ARMED]
    if missing:
        raise SetupError(
            f"this version cannot enforce {', '.join(missing)}: its workers do not arm Landlock and seccomp yet,"
            " so nothing ran; type --require memory to run with the memory limit alone"
        )


def confinement() -> Confinement:
    """What was in force in a worker that passed the host's own check."""
    return Confinement(memory="address-space")
