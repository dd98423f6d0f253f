"""What the commands of `config` look at: all that a run would read, with every fault of it instead of the first one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from llmspell.cli.folder import working_folder
from llmspell.cli.terminal import complain
from llmspell.config.discovery import Source
from llmspell.config.loading import CONFIG_VARIABLE, sources_of, variables_of
from llmspell.config.refusal import Refusal
from llmspell.config.survey import Survey, survey
from llmspell.config.tree import Setting


class Found(NamedTuple):
    """The files that were read, what they and the variables come to, and what is wrong with them."""

    sources: list[Source]
    survey: Survey
    faults: list[Refusal]
    config_file: str | None

    def complain(self) -> None:
        """Says on stderr what is wrong, and what is not heeded."""
        for fault in self.faults:
            complain(fault.fault)
        for advice in dict.fromkeys(fault.advice for fault in self.faults if fault.advice):
            complain(advice)
        for variable in self.survey.ignored:
            complain(f"{variable} is ignored by sandbox: it may lower limits, and nothing else")

    def origin(self, setting: Setting, path: tuple[str, ...]) -> dict[str, Any]:
        """Where a value came from. `option` or `variable` beside a file is what named the file."""
        origin = setting.origin
        in_file = origin.document is not None
        by_option = origin.place == "named" and self.config_file is not None
        variable = {"variable": origin.name, "named": None if by_option else CONFIG_VARIABLE}.get(origin.place)
        return {
            "kind": origin.place,
            "file": origin.name if in_file else None,
            "line": origin.line_of(path),
            "variable": variable,
            "option": "--config" if by_option else None,
        }


def find(config_file: str | None, *, sandboxed: bool = False) -> Found:
    """Everything that `run`, or else `sandbox`, would read here. Raises UsageError without a working directory."""
    folder = working_folder()
    faults: list[Refusal] = []
    sources = sources_of(cwd=folder, environ=os.environ, config_file=config_file, sandboxed=sandboxed)
    found = survey(
        sources,
        variables_of(os.environ),
        cwd=folder,
        environ=os.environ,
        sandboxed=sandboxed,
        store=None,
        report=faults.append,
    )
    return Found(sources, found, in_order(faults), config_file)


def place_of(origin: dict[str, Any]) -> str:
    """An origin for people: `FILE:LINE`, a variable, or `default`."""
    if origin["file"] is not None:
        return f"{origin['file']}:{origin['line']}" if origin["line"] else str(origin["file"])
    return str(origin["variable"] or origin["kind"])


def in_order(faults: Iterable[Refusal]) -> list[Refusal]:
    """Faults by file or variable, in the order in which these were read, and by line."""
    listed = list(faults)
    first = {fault.where: at for at, fault in reversed(list(enumerate(listed)))}
    return sorted(listed, key=lambda fault: (first[fault.where], fault.line or 0))


def fault_entry(fault: Refusal) -> dict[str, Any]:
    """A fault for programs."""
    return {
        "where": fault.where,
        "line": fault.line,
        "key": fault.key,
        "problem": fault.problem,
        "advice": fault.advice or None,
    }
