"""`validate`: checks scripts, and says what is wrong with them, to people and to what a CI reads."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from llmspell import __version__
from llmspell.cli.choices import Choices
from llmspell.cli.options import parse_count
from llmspell.cli.parsed import Parsed
from llmspell.cli.run import run_options
from llmspell.cli.setup import configure, make_providers
from llmspell.cli.signals import CODES, CancelledBySignals
from llmspell.cli.terminal import Colours, complain
from llmspell.config import Configuration
from llmspell.engines.configured import factory_of
from llmspell.engines.factory import EngineFactory
from llmspell.errors import UsageError
from llmspell.sandbox.require import DEFAULT, read_required
from llmspell.sandbox.wake import Cancellation
from llmspell.transcript.secrets import secrets_of
from llmspell.validate.discovery import Discovery
from llmspell.validate.executor import Executor, until_failed
from llmspell.validate.listing import Listing
from llmspell.validate.ordered import OrderedReports
from llmspell.validate.reports.opening import About, Reports, Wanted, open_reports
from llmspell.validate.reports.report import STDERR, STDOUT
from llmspell.validate.reports.totals import Totals
from llmspell.validate.result import Status
from llmspell.validate.rules import RULES
from llmspell.validate.settings import Settings, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from llmspell.cli.checking import Progress
    from llmspell.utils.files import FileError
    from llmspell.validate.cache import Cache
    from llmspell.validate.changed import Since
    from llmspell.validate.reports.report import Report
    from llmspell.validate.result import Result
    from llmspell.validate.spell import Spell

_EXAMPLES = """\b
Examples:
  llmspell validate spells
  llmspell validate --strict 'spells/**/*.lua' --junit report.xml
  llmspell validate --changed-since origin/main --github .

\b
Exit codes: 0 all passed, 1 some failed, 2 some could not be checked
or a report not be written, 70 our fault, 130 Ctrl-C, 143 SIGTERM,
129 SIGHUP, 141 stdout was closed."""
_NOT_HERE = frozenset(Choices._fields) - {
    "memory", "cpu", "wall", "output", "calls", "require", "config_file", "quiet", "color"
}  # fmt: skip
"""Options of `run` that a check does not have."""
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--strict", is_flag=True, help="A warning fails a script, too."),
    click.option("--off", multiple=True, metavar="RULE", help="This rule says nothing. Repeatable."),
    click.option("--notes", is_flag=True, help="Show notes, too."),
    click.option("--include", multiple=True, metavar="GLOB", help="Of a folder, only these scripts. Repeatable."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Of a folder, not these scripts. Repeatable."),
    click.option("--changed-since", metavar="REV", help="Only scripts that are not as they were in this git revision."),
    click.option("--no-runs", is_flag=True, help="Run no script, whatever is expected of it."),
    click.option("--jobs", type=Parsed("N", parse_count), metavar="N", help="Checks at once (default: what fits)."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first script that does not pass."),
    click.option("--slowest", type=Parsed("N", parse_count), metavar="N", help="Name the slowest scripts at the end."),
    click.option("--no-cache", is_flag=True, help="Check again what has passed before, and keep nothing."),
    click.option("--dask", metavar="ADDRESS", help="Check on the cluster of this Dask scheduler: tcp://HOST:PORT."),
    click.option("--json", metavar="FILE", help="Write results as JSON; - is stdout."),
    click.option("--junit", metavar="FILE", help="Write a JUnit report; - is stdout."),
    click.option("--sarif", metavar="FILE", help="Write a SARIF report; - is stdout."),
    click.option("--html", metavar="FILE", help="Write a page that shows all of it; - is stdout."),
    click.option("--github", is_flag=True, help="Write annotations for GitHub Actions to stdout."),
    click.option("-v", "--verbose", count=True, help="Show notes, too; -vv also where a fault of ours is."),
)


def _options(function: Any) -> Any:
    function = run_options(function, but=_NOT_HERE)
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command(epilog=_EXAMPLES)
@click.argument("path", nargs=-1, required=True)
@_options
@click.pass_context
def validate(context: click.Context, /, path: tuple[str, ...], **options: Any) -> None:
    """Check scripts without trusting them, each in a worker of its own.

    PATH is a script, a folder of them or a glob. What a script says is checked, and where a cassette or an expectation
    stands beside it, its run. Nothing of what is checked runs outside a worker, and no configuration is read but one
    that --config names.
    """
    choices = Choices(**{name: value for name, value in options.items() if name in Choices._fields})
    configuration, limits = configure(choices, sandboxed=True)
    factory = factory_of(configuration)
    settings = settings_of(
        configuration,
        factory,
        limits=limits,
        strict=options["strict"],
        off=options["off"],
        require=DEFAULT if choices.require is None else read_required(choices.require),
        runs=not options["no_runs"],
    )
    chosen = configuration.validate
    found = Discovery(
        path,
        factory=factory,
        allowed=limits.source_allowed,
        include=(*chosen.get("include", ()), *options["include"]),
        exclude=(*chosen.get("exclude", ()), *options["exclude"]),
    )
    since = _since(options["changed_since"], factory)
    listing = _listing(options, choices)
    with CancelledBySignals(goes_on=True) as stopped, ExitStack() as held:
        executor = _executor(settings, options, path, stopped)
        progress = _progress(listing, choices, found)
        if progress is not None:
            held.enter_context(progress)
        held.enter_context(executor)
        reports = held.enter_context(_reports(options, progress or listing, _keys(configuration)))
        results = executor.results(_spells(found, since, progress))
        totals = Totals()
        for result in until_failed(results, stopped) if options["fail_fast"] else results:
            totals.add(result)
            reports.add(result)
            if not reports.any_left:
                break
        reports.close(interrupted=_interruption(stopped))
    # A listing on stderr that nobody can read is no report that is missing: the exit code has to do.
    problems = [problem for problem in reports.problems if problem.path != STDERR]
    _tell_problems(problems)
    _tell_skipped(found, choices)
    if not totals.scripts and not stopped.exit_code and options["changed_since"] is None:
        complain(f"no scripts were found in {', '.join(path)[:300]}")
        context.exit(2)
    context.exit(_exit_code(stopped, totals, problems))


def _since(revision: str | None, factory: EngineFactory) -> Since | None:
    if revision is None:
        return None
    from llmspell.validate.changed import Since

    suffixes = [suffix for name in factory.names() for suffix in factory.get(name).suffixes]
    return Since(revision, suffixes=suffixes)


def _spells(found: Discovery, since: Since | None, progress: Progress | None) -> Iterable[Spell | Result]:
    """What is to be checked; how far the check has come is seen by that."""
    spells: Iterable[Spell | Result] = found if progress is None else progress.found(found)
    if since is not None:
        from llmspell.validate.changed import only_changed

        spells = only_changed(spells, since)
    return spells if progress is None else progress.watched(spells)


def _executor(settings: Settings, options: dict[str, Any], paths: tuple[str, ...], stopped: Cancellation) -> Executor:
    if options["dask"] is not None and options["jobs"] is not None:
        raise UsageError("--jobs is how much this machine does at once, and with --dask a cluster does it: give one")
    cache = None if options["no_cache"] else _cache(settings, paths)
    if options["dask"] is not None:
        from llmspell.validate.cluster import ClusterExecutor

        return ClusterExecutor(settings, options["dask"], cancellation=stopped, cache=cache)
    from llmspell.validate.local import LocalExecutor

    return LocalExecutor(settings, jobs=options["jobs"], cancellation=stopped, cache=cache)


def _cache(settings: Settings, paths: tuple[str, ...]) -> Cache | None:
    """What was kept of the last times; without a folder that is the user's alone, everything is checked."""
    from llmspell.validate.cache import Cache

    try:
        return Cache(settings, checked=paths)
    except UsageError as error:
        complain(f"{error}; with --no-cache this is not said")
        return None


def _listing(options: dict[str, Any], choices: Choices) -> Listing:
    """What people see: on stdout, unless a document is to be there."""
    taken = options["github"] or any(options[name] == STDOUT for name in ("json", "junit", "sarif", "html"))
    file = sys.stderr if taken else sys.stdout
    notes = options["notes"] or (choices.verbose > 0 and not choices.quiet)
    shown: dict[str, Any] = {"notes": notes, "quiet": choices.quiet, "slowest": options["slowest"] or 0}
    if not file.isatty():
        return Listing(file, **shown)
    from llmspell.cli.checking import marked

    lines = marked(Colours(choices.color, file))
    return Listing(file, **shown, lines=lines, clock=time.monotonic)


def _progress(listing: Listing, choices: Choices, found: Discovery) -> Progress | None:
    """How far the check has come, on a terminal."""
    if choices.quiet or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return None
    from llmspell.cli.checking import Progress

    try:
        return Progress(listing, sys.stderr.fileno(), found.ahead())
    except OSError:
        return None  # somebody else's terminal, or no /proc


def _keys(configuration: Configuration) -> tuple[str, ...]:
    """The keys that this host knows: no report shows one."""
    return secrets_of(make_providers(configuration, None, None), configuration.policy.environment)


def _reports(options: dict[str, Any], listing: Report, keys: tuple[str, ...]) -> Reports:
    from llmspell.validate.reports.github import place_in_workspace

    wanted = Wanted(options["json"], options["junit"], options["sarif"], options["html"], options["github"])
    about = About(__version__, RULES, time.time(), place_in_workspace(os.environ, "."))
    files = open_reports(wanted, about, summary=os.environ.get("GITHUB_STEP_SUMMARY"))
    return OrderedReports(listing, files, keys=keys)


def _interruption(stopped: Cancellation) -> str | None:
    if stopped.exit_code is None:
        return None
    names = {code: signal.name for signal, code in CODES.items()}
    return names.get(stopped.exit_code, "the first script that did not pass ended it")


def _tell_problems(problems: Iterable[FileError]) -> None:
    """Says which reports could not be written. Where stdout was one of them, that is what ends the program."""
    of_stdout = [problem for problem in problems if problem.path == STDOUT]
    for problem in problems:
        if problem.path != STDOUT:
            complain(str(problem))
    for problem in of_stdout:
        raise problem.__cause__ or problem


def _exit_code(stopped: Cancellation, totals: Totals, problems: list[FileError]) -> int:
    statuses = totals.statuses
    if stopped.exit_code in CODES.values():
        return stopped.exit_code or 0
    if statuses[Status.FAILED]:
        return 1
    return 2 if statuses[Status.UNCHECKED] or problems else 0


def _tell_skipped(found: Discovery, choices: Choices) -> None:
    if found.skipped and not choices.quiet:
        from llmspell.validate.reports.wording import shown

        names = ", ".join(f"{shown(name)} ({count})" for name, count in sorted(found.skipped.items())[:10])
        complain(f"folders were left out: {names}; name one to check what is in it")
