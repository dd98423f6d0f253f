"""`validate`: checks scripts, and says what is wrong with them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import click

from llmspell.cli.choices import Choices
from llmspell.cli.run import run_options
from llmspell.cli.setup import configure
from llmspell.cli.terminal import complain, escaped
from llmspell.engines.configured import factory_of
from llmspell.sandbox.require import DEFAULT, read_required
from llmspell.validate.check import Checker
from llmspell.validate.discovery import Discovery
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

_EXAMPLES = """\b
Examples:
  llmspell validate spells
  llmspell validate --strict 'spells/**/*.lua'

\b
Exit codes: 0 all passed, 1 some failed, 2 some could not be checked, 130 Ctrl-C."""
_NOT_HERE = frozenset(Choices._fields) - {
    "memory", "cpu", "wall", "output", "calls", "require", "config_file", "quiet", "color"
}  # fmt: skip
"""Options of `run` that a check does not have."""


@click.command(epilog=_EXAMPLES)
@click.argument("path", nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="A warning fails a script, too.")
@partial(run_options, but=_NOT_HERE)
@click.pass_context
def validate(context: click.Context, /, path: tuple[str, ...], strict: bool, **options: Any) -> None:
    """Check scripts without trusting them, each in a worker of its own.

    PATH is a script, a folder of them or a glob.
    """
    choices = Choices(**options)
    configuration, limits = configure(choices, sandboxed=True)
    factory = factory_of(configuration.engines, configuration.origin)
    settings = Settings(
        limits=limits,
        strict=strict,
        require=DEFAULT if choices.require is None else read_required(choices.require),
        engines=tuple(factory.get(name) for name in configuration.engines),
    )
    found = Discovery(path, factory=factory, allowed=limits.source_allowed)
    told: Counter[Status] = Counter()
    with Checker(settings) as checker:
        for result in _results(found, checker):
            told[result.status] += 1
            _show(result)
    if not told:
        complain(f"no scripts were found in {', '.join(path)[:300]}")
        context.exit(2)
    print(f"{sum(told.values())} scripts: " + ", ".join(f"{told[one]} {one.value}" for one in Status if told[one]))
    context.exit(1 if told[Status.FAILED] else 2 if told[Status.UNCHECKED] else 0)


def _results(found: Iterable[Spell | Result], checker: Checker) -> Iterator[Result]:
    for one in found:
        yield checker.check(one) if isinstance(one, Spell) else one


def _show(result: Result) -> None:
    for one in result.findings:
        place = f":{one.position.line}:{one.position.column}" if one.position else ""
        print(escaped(f"{one.file or result.path}{place}: {one.severity}: {one.message} [{one.rule}]"))
    sys.stdout.flush()
