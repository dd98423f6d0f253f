"""`run`, `exec` and `sandbox`, as commands: their options are read here, and `script.py` does the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click

from llmspell.cli.choices import Choices
from llmspell.cli.options import OPTIONS, Option
from llmspell.cli.parsed import Parsed
from llmspell.cli.script import run_code, run_file

Function = TypeVar("Function", bound=Callable[..., Any])

_RUN = """\b
Examples:
  llmspell run spell.lua
  llmspell run --mem 64M --timeout 10 spell.lua bees -- --depth 3
  llmspell run --model openai/gpt-4o-mini --allow-model 'openai/*' spell.lua
  cat spell.lua | llmspell run -"""
_EXEC = """\b
Examples:
  llmspell exec 'return 6 * 7'
  llmspell exec 'return Tool.execute("calculator", {input = "6*7"})'
  llmspell exec 'print(ARGS[1])' bees"""
_SANDBOX = """\b
Examples:
  llmspell sandbox untrusted.lua
  llmspell sandbox --mem 32M --cpu 2 untrusted.lua
  llmspell sandbox --allow-tool calculator=max_calls:3 untrusted.lua
  llmspell sandbox --output json untrusted.lua
  llmspell sandbox --require memory untrusted.lua

\b
The last one runs with less, where llmspell doctor says that more is missing."""
EXIT_CODES = """

\b
Exit codes: 0 ok, 1 script error, 2 usage or set-up, 3 limit, 4 denied,
5 crash, 70 our fault, 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP,
141 stdout was closed."""


def _as_click(option: Option) -> Callable[[Function], Function]:
    default = Choices._field_defaults[option.field]
    if option.flag or option.counted:
        return click.option(
            *option.names, option.field, is_flag=option.flag, count=option.counted, default=default, help=option.help
        )
    return click.option(
        *option.names,
        option.field,
        type=click.Choice(option.choices) if option.choices else Parsed(option.metavar or option.field, option.parse),
        multiple=option.repeatable,
        default=default,
        metavar=option.metavar,
        help=option.help,
    )


def run_options(function: Function, *, but: Collection[str] = ()) -> Function:
    """Gives a command the options of a run, without those of some fields."""
    for option in reversed(OPTIONS):
        if option.field not in but:
            function = _as_click(option)(function)
    return function


@click.command(epilog=_RUN + EXIT_CODES)
@click.argument("script")
@click.argument("arguments", nargs=-1)
@run_options
@click.pass_context
def run(context: click.Context, /, script: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run a spell with the configured providers and tools.

    SCRIPT is a file, or - for stdin. What follows -- belongs to the script. Its own exit code (os.exit) is passed on.
    """
    context.exit(run_file(script, arguments, Choices(**options), context.obj, sandboxed=False))


@click.command("exec", epilog=_EXEC + EXIT_CODES)
@click.argument("code")
@click.argument("arguments", nargs=-1)
@run_options
@click.pass_context
def exec_(context: click.Context, /, code: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run CODE, and print what it returns as JSON. What follows -- belongs to the code."""
    context.exit(run_code(code, arguments, Choices(**options), context.obj))


@click.command(epilog=_SANDBOX + EXIT_CODES)
@click.argument("script")
@click.argument("arguments", nargs=-1)
@run_options
@click.pass_context
def sandbox(context: click.Context, /, script: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run an untrusted script: nothing is granted but by --allow-*, and no configuration is read unless named.

    SCRIPT is a file, or - for stdin. The verdict and the usage are printed on stderr. A script error is exit code 1
    whatever the script says. Unless the kernel confines memory, files, network and processes, nothing runs.
    """
    context.exit(run_file(script, arguments, Choices(**options), context.obj, sandboxed=True))
