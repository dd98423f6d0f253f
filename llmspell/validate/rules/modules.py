"""unknown-module: a module that the run would not find."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.validate.beside import MAX_MODULES
from llmspell.validate.finding import Finding
from llmspell.validate.rules.case import Case, shown


def unknown_modules(case: Case) -> Iterator[Finding]:
    """One finding for each module that is not there."""
    there = {case.spell.path.rpartition("/")[2], *(path.replace("../", "") for path in case.spell.modules)}
    if len(case.spell.modules) >= MAX_MODULES:
        return  # not all of them were taken along
    for asked in case.facts.modules:
        paths = [path.removeprefix("./") for path in asked.paths]
        if there.intersection(paths) or asked.name.partition(".")[0] in case.packages:
            continue
        looked = f" (looked for {', '.join(map(shown, paths))})" if paths else ": it is not named by a path below it"
        says = f"module {shown(asked.name)} is not beside the script{looked}"
        yield case.finding("unknown-module", says, asked.place, guarded=asked.guarded)
