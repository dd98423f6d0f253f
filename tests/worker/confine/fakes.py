"""Kernels that never were: tables of system calls which answer as they are told."""

from __future__ import annotations

import errno
import os
from typing import Any

from llmspell_workers.confine.steps import SystemCalls, attribute


class FakeKernel(SystemCalls):
    """Answers 0 to every call but those of `refused` (`name=ERRNO`, `name/argument/argument=ERRNO`); notes all.

    Landlock is of ABI `landlock`, 0 for none, and announces `announced` where that is another. With `leaky` it
    takes rule sets and keeps nothing of them.
    """

    def __init__(
        self, *, landlock: int = 0, announced: int | None = None, leaky: bool = False, machine: str = "x86_64",
        refused: str = "",
    ) -> None:  # fmt: skip
        super().__init__(machine)
        self.made: list[tuple[Any, ...]] = []
        self._landlock, self._announced, self._leaky = landlock, announced, leaky
        self._refused = {
            name: getattr(errno, code) for name, _, code in (pair.partition("=") for pair in refused.split(",") if pair)
        }
        self._restricted = False

    def __call__(self, name: str, *arguments: Any) -> int:
        self.made.append((name, *arguments))
        for known in range(3):
            failing = self._refused.get("/".join(map(str, (name, *arguments[:known]))))
            if failing:
                raise OSError(failing, os.strerror(failing), name)
        return int(getattr(self, f"_{name}", lambda *_: 0)(*arguments))

    def _fail(self, number: int, name: str) -> int:
        raise OSError(number, os.strerror(number), name)

    def _prctl(self, option: int, argument: int, *_: int) -> int:
        if option == 24 and argument > 40:  # PR_CAPBSET_DROP: there are 41 capabilities
            self._fail(errno.EINVAL, "prctl")
        return 0

    def _landlock_create_ruleset(self, attributes: Any, size: int, flags: int) -> int:
        if not self._landlock:
            self._fail(errno.ENOSYS, "landlock_create_ruleset")
        if flags:
            return self._landlock if self._announced is None else self._announced
        known = attribute(self._landlock)
        longer = attributes[len(known) : size]
        if any(longer):
            self._fail(errno.E2BIG, "landlock_create_ruleset")
        for at in range(0, min(size, len(known)), 8):
            wanted = int.from_bytes(attributes[at : at + 8], "little")
            if wanted & ~int.from_bytes(known[at : at + 8], "little"):
                self._fail(errno.EINVAL, "landlock_create_ruleset")
        return 77

    def _landlock_restrict_self(self, *_: int) -> int:
        self._restricted = not self._leaky
        return 0

    def _openat(self, *_: Any) -> int:
        return self._fail(errno.EACCES, "openat") if self._restricted else 78
