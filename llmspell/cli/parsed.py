"""What click is told of a value: which function of the package reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from llmspell.cli.options import parse_path
from llmspell.errors import UsageError


class Parsed(click.ParamType[Any]):
    """A value that a function of the package reads; its UsageError becomes click's, which names the option."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name, self._parse = name, parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


PATH = Parsed("PATH", parse_path)
FILE = Parsed("FILE", parse_path)
