"""Processes that are not counted by coverage, which would be in the way of what a test looks at."""

from __future__ import annotations

import os
from collections.abc import Mapping


def uncounted(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what makes coverage start in every Python process."""
    given = os.environ if environment is None else environment
    return {name: value for name, value in given.items() if not name.startswith("COVERAGE_")}
