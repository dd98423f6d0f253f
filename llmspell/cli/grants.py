"""What `--allow-tool` and `--allow-model` say: a name or a pattern, and bounds behind a `=`."""

from collections.abc import Callable, Mapping
from typing import Any

from llmspell.cli.options import parse_cost, parse_count
from llmspell.errors import UsageError, nearest
from llmspell.limits import parse_seconds
from llmspell.policy import ModelGrant, ToolGrant
from llmspell.tools.catalog import builtin_tools
from llmspell.tools.tool import canonical

Parsers = Mapping[str, Callable[[str], Any]]
_OF_TOOLS: Parsers = {"max_calls": parse_count, "max_seconds": parse_seconds}
_OF_MODELS: Parsers = {"max_calls": parse_count, "max_tokens": parse_count, "max_cost": parse_cost}


def tool_grant(text: str, configured: Mapping[str, ToolGrant]) -> tuple[str, ToolGrant]:
    """A tool with its bounds: those that are written, and of the others the configured ones. Raises UsageError.

    >>> tool_grant("calculator=max_calls:3,max_seconds:0.5", {})
    ('calculator', ToolGrant(max_calls=3, max_seconds=0.5))
    """
    name, equals, bounds = text.partition("=")
    name = canonical(name)
    check_tool(name, "--allow-tool")
    grant = configured.get(name, ToolGrant())
    return name, grant._replace(**_read(bounds, _OF_TOOLS, "--allow-tool", name)) if equals else grant


def check_tool(name: str, where: str) -> None:
    """Raises UsageError, which says `where` it was granted, for a tool that is not there."""
    known = list(builtin_tools())
    if name not in known:
        close = nearest(name, known)
        hint = f"did you mean {close}?" if close else f"known are: {', '.join(known)}"
        raise UsageError(f"{where}: there is no tool {name[:60]!r}; {hint}")


def model_grant(text: str) -> tuple[str, ModelGrant | None]:
    """A pattern over `provider/model` with its bounds, or None without any. Raises UsageError.

    >>> model_grant("openai/*=max_calls:5"), model_grant("echo/*")
    (('openai/*', ModelGrant(max_calls=5, max_tokens=None, max_cost=None)), ('echo/*', None))
    """
    pattern, equals, bounds = text.partition("=")
    if not pattern:
        raise UsageError(
            f"--allow-model: {text[:60]!r} names no model: write a pattern over provider/model, like openai/*"
        )
    return pattern, ModelGrant(**_read(bounds, _OF_MODELS, "--allow-model", pattern[:60])) if equals else None


def _read(text: str, parsers: Parsers, option: str, name: str) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for part in text.split(","):
        word, colon, value = part.partition(":")
        if word not in parsers or not colon:
            known = ", ".join(parsers)
            raise UsageError(f"{option}: {part[:60]!r} is no bound: write {name}=max_calls:3; known are {known}")
        if word in bounds:
            raise UsageError(f"{option}: {word} stands twice")
        try:
            bounds[word] = parsers[word](value)
        except UsageError as error:
            raise UsageError(f"{option}: {word}: {error}") from None
    return bounds
