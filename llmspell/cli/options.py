"""The options of `run`, `exec` and `sandbox`, read into values and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from llmspell.errors import UsageError
from llmspell.limits import parse_seconds, parse_size

Function = TypeVar("Function", bound=Callable[..., Any])


class _Parsed(click.ParamType):
    """A value that a function of the package reads; its UsageError becomes click's, which names the option."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


SIZE = _Parsed("size", parse_size)
SECONDS = _Parsed("seconds", parse_seconds)
COUNT = click.IntRange(min=0)
COST = click.FloatRange(min=0)

_OPTIONS = [
    click.option("--engine", metavar="NAME", help="The script engine (default: by suffix, then by the #! line)."),
    click.option(
        "--mem", "memory", type=SIZE, metavar="SIZE", help="Memory of the whole worker, like 50M (the default)."
    ),
    click.option("--cpu", type=SECONDS, metavar="SECONDS", help="Processor time (default 30)."),
    click.option("--timeout", "wall", type=SECONDS, metavar="SECONDS", help="Time on the clock (default 300)."),
    click.option("--max-output", "output_bytes", type=SIZE, metavar="SIZE", help="What it may print (default 16M)."),
    click.option("--max-calls", "calls", type=COUNT, metavar="N", help="Calls to the host (default 10000)."),
    click.option("--max-model-calls", "model_calls", type=COUNT, metavar="N", help="Calls of models (default 100)."),
    click.option("--max-tokens", "tokens", type=COUNT, metavar="N", help="Tokens of all model calls (default 200000)."),
    click.option("--max-cost", "cost", type=COST, metavar="USD", help="Cost of all model calls (default 1)."),
    click.option(
        "--allow-tool", "allow_tools", multiple=True, metavar="NAME[=max_calls:N]", help="Grant a tool. Repeatable."
    ),
    click.option(
        "--allow-model",
        "allow_models",
        multiple=True,
        metavar="PATTERN",
        help="Grant models, like openai/*. Repeatable.",
    ),
    click.option(
        "--allow-read", "allow_read", multiple=True, metavar="PATH", help="Let tools read below PATH. Repeatable."
    ),
    click.option(
        "--allow-write", "allow_write", multiple=True, metavar="PATH", help="Let tools write below PATH. Repeatable."
    ),
    click.option(
        "--allow-env", "allow_env", multiple=True, metavar="NAME", help="Show an environment variable. Repeatable."
    ),
    click.option(
        "--require", metavar="LIST", help="What must be enforced, or nothing runs (this version can: memory)."
    ),
    click.option("--model", metavar="SPEC", help="The model of agents that name none, as provider/model."),
    click.option("--provider", metavar="NAME", help="The provider of agents that name none."),
    click.option(
        "--stream/--no-stream", default=True, help="Show output as it comes (the default), or when the run is over."
    ),
    click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Write the outcome as JSON too."),
    click.option(
        "--output",
        "form",
        type=click.Choice(["text", "json", "pretty"]),
        default="text",
        help="The form of the output.",
    ),
    click.option("--config", "config_file", metavar="FILE", help="Read this configuration and no other."),
    click.option("-v", "--verbose", count=True, help="Show the script's log from info on; -vv all of it."),
    click.option("-q", "--quiet", is_flag=True, help="Show errors only."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour."),
]


def run_options(function: Function) -> Function:
    """Adds the options that `run`, `exec` and `sandbox` share."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
