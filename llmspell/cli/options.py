"""The options of `run`, `exec` and `sandbox` as one table, which both readers of the command line use.

`words.py` reads well-formed words at once; click, which takes as long to load as a short run, reads all others, and
says what is wrong with them (`run.py`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llmspell.errors import UsageError
from llmspell.limits import MAX_SEED, parse_seconds, parse_size, read_number

MOST = 10**15


class Option(NamedTuple):
    """One option. `field` is that of `Choices`; `parse` raises UsageError; a flag sets its `sets` and takes no value.

    `names` with a `/` in them are a pair of flags: for True, and for False.
    """

    field: str
    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    parse: Callable[[str], Any] = str
    repeatable: bool = False
    counted: bool = False
    flag: bool = False
    choices: tuple[str, ...] = ()


def parse_count(text: str) -> int:
    """A whole number of something; raises UsageError otherwise.

    >>> parse_count("3")
    3
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise UsageError(f"{text[:80]!r} is no count: write a whole number from 0 on and below {MOST:,}, like 100")
    return int(text)


def parse_cost(text: str) -> float:
    """An amount of US dollars; raises UsageError otherwise."""
    cost = read_number(text)
    if not 0 <= cost < MOST:
        raise UsageError(
            f"{text[:80]!r} is no amount of US dollars: write a number from 0 on and below {MOST:,}, like 0.5"
        )
    return cost


def parse_seed(text: str) -> int:
    """The seed of a deterministic run; raises UsageError otherwise."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_SEED):
        raise UsageError(f"{text[:80]!r} is no seed: write a whole number from 0 to {MAX_SEED}, like 42")
    return int(text)


def parse_path(text: str) -> str:
    """The path of a file or a folder; raises UsageError for an empty one, as an unset variable of a shell leaves it.

    It would be the working directory, or what stands there without the option: nobody has chosen either.
    """
    if not text:
        raise UsageError("'' is no path: write one, or leave this out")
    return text


def parse_engine(text: str) -> str:
    """The name of an engine; raises UsageError for an empty one."""
    if not text:
        raise UsageError("'' is no name of an engine: llmspell engines shows them")
    return text


def parse_report(text: str) -> str:
    """Where a report goes; raises UsageError for an empty path, and for `-`."""
    if text == "-":
        raise UsageError("stdout is the script's: name a file, or print the outcome there with --output json")
    return parse_path(text)


def parse_record(text: str) -> str:
    """Where a transcript goes; raises UsageError for an empty path, and for `-`."""
    if text == "-":
        raise UsageError("a transcript is a file, written as the run goes on: name one")
    return parse_path(text)


def parse_variable(text: str) -> str:
    """The name of an environment variable; raises UsageError otherwise."""
    if not text or "=" in text:
        raise UsageError(f"{text[:80]!r} is no name of a variable: write the name alone, like LANG")
    return text


OPTIONS = (
    Option(
        "engine",
        ("--engine",),
        "The script engine (default: by suffix, #! line, configuration, then lua).",
        "NAME",
        parse_engine,
    ),
    Option("memory", ("--mem",), "Memory of the whole worker, like 50M (the default).", "SIZE", parse_size),
    Option("cpu", ("--cpu",), "Processor time (default 30).", "SECONDS", parse_seconds),
    Option("wall", ("--timeout",), "Time on the clock (default 300).", "SECONDS", parse_seconds),
    Option("output", ("--max-output",), "What it may print (default 16M).", "SIZE", parse_size),
    Option("calls", ("--max-calls",), "Calls to the host (default 10000).", "N", parse_count),
    Option("model_calls", ("--max-model-calls",), "Calls of models (default 100).", "N", parse_count),
    Option("tokens", ("--max-tokens",), "Tokens of all model calls (default 200000).", "N", parse_count),
    Option("cost", ("--max-cost",), "Cost of all model calls (default 1).", "USD", parse_cost),
    Option(
        "allow_tools",
        ("--allow-tool",),
        "Grant a tool, like calculator=max_calls:3. Repeatable.",
        "NAME[=BOUNDS]",
        repeatable=True,
    ),
    Option(
        "allow_models",
        ("--allow-model",),
        "Grant models, like 'openai/*=max_calls:5,max_cost:0.1'. Repeatable.",
        "PATTERN[=BOUNDS]",
        repeatable=True,
    ),
    Option(
        "allow_read", ("--allow-read",), "Let tools read below PATH. Repeatable.", "PATH", parse_path, repeatable=True
    ),
    Option(
        "allow_write",
        ("--allow-write",),
        "Let tools write below PATH. Repeatable.",
        "PATH",
        parse_path,
        repeatable=True,
    ),
    Option(
        "allow_env",
        ("--allow-env",),
        "Show an environment variable. Repeatable.",
        "NAME",
        parse_variable,
        repeatable=True,
    ),
    Option(
        "allow_packages",
        ("--allow-package",),
        "Let a script in Python import an installed package, like numpy. Repeatable.",
        "NAME",
        repeatable=True,
    ),
    Option(
        "require",
        ("--require",),
        "What must be enforced, or nothing runs (default memory,files,network,processes).",
        "LIST",
    ),
    Option("model", ("--model",), "The model of agents that name none: provider/model, or an alias.", "SPEC"),
    Option("provider", ("--provider",), "The provider of agents that name none.", "NAME"),
    Option(
        "seed",
        ("--seed",),
        "Run deterministically: random numbers from N, clocks of the run's own, a fixed order.",
        "N",
        parse_seed,
    ),
    Option("record", ("--record",), "Write a transcript of the run.", "FILE", parse_record),
    Option(
        "replay",
        ("--replay",),
        "Answer calls from a transcript; none is made, but those it lacks with once.",
        "FILE",
        parse_path,
    ),
    Option(
        "replay_mode",
        ("--replay-mode",),
        "strict: the recorded calls in their order (the default); loose: by content; once: those it lacks are made.",
        "MODE",
        choices=("strict", "loose", "once"),
    ),
    Option(
        "stream",
        ("--stream/--no-stream",),
        "Show output as it comes (the default), or when the run is over.",
        flag=True,
    ),
    Option("report", ("--report",), "Write the outcome as JSON too.", "FILE", parse_report),
    Option("form", ("--output",), "The form of the output.", choices=("text", "json", "pretty")),
    Option("config_file", ("--config",), "Read this configuration and no other.", "FILE", parse_path),
    Option("verbose", ("-v", "--verbose"), "Show the script's log from info on; -vv all of it.", counted=True),
    Option("quiet", ("-q", "--quiet"), "Show errors only.", flag=True),
    Option("color", ("--color",), "When to use colour.", choices=("auto", "always", "never")),
)
