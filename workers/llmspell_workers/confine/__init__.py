"""What the kernel keeps a worker from doing, as small steps in order.

Armed here so far: death with the host, memory, file size, core files. Landlock and seccomp are not there yet: they are
listed in `MISSING`, and nothing claims them.
"""

from llmspell_workers.confine.life import die_with_host
from llmspell_workers.confine.rlimits import limit_files, limit_memory
from llmspell_workers.confine.stack import hold_stack

ARMED = ("death-signal", "memory", "file-size", "core-files")
MISSING = ("landlock", "seccomp")


def confine(memory: int) -> None:
    """Arms every step there is, before anything of a script is read.

    Raises OSError or ValueError: then nothing may run.
    """
    die_with_host()
    limit_files()
    hold_stack()
    limit_memory(memory)


__all__ = ["ARMED", "MISSING", "confine"]
