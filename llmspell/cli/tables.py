"""Tables and panels for people: the only place that imports rich, and only for a terminal or when asked for a panel."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmspell.cli.terminal import Colours, escaped
from llmspell.limits import format_size
from llmspell.outcome import Outcome, as_json, as_text

if TYPE_CHECKING:
    from rich.console import RenderableType

LONGEST_NAME = 20
"""Columns that the first cell of a row keeps for itself on a narrow terminal."""


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; lines of tab-separated fields elsewhere, for other programs."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(escaped(cell).replace("\n", " ").replace("\t", " ") for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for at, column in enumerate(columns):
        longest = max((len(row[at]) for row in rows), default=0) if at == 0 else 0
        # A path that is cut short leads nowhere, and a name in two lines is none.
        table.add_column(column, overflow="fold", min_width=min(longest, LONGEST_NAME))
    for row in rows:
        table.add_row(*(Text(escaped(cell)) for cell in row))
    _print(table, Colours("auto", sys.stdout))


def show_panel(outcome: Outcome, memory: int, *, colours: Colours) -> None:
    """A panel with output, value, calls, usage and verdict."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    used = outcome.usage
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    if outcome.stdout:
        table.add_row("output", Text(escaped(as_text(outcome.stdout)).rstrip("\n")))
    if outcome.stderr:
        table.add_row("stderr", Text(escaped(as_text(outcome.stderr)).rstrip("\n")))
    if outcome.value is not None:
        table.add_row("value", Text(json.dumps(as_json(outcome.value), indent=2)))
    for call in outcome.calls[:20]:
        mark = "ok" if call.ok else "failed"
        table.add_row(
            "call", Text(escaped(f"{call.capability} {call.name or ''} · {mark} · {call.wall_seconds * 1000:.1f} ms"))
        )
    if len(outcome.calls) > 20:
        table.add_row("", f"and {len(outcome.calls) - 20} more calls")
    peak = "unknown" if used.peak_memory_bytes is None else format_size(used.peak_memory_bytes)
    table.add_row(
        "usage", f"wall {used.wall_seconds:.2f} s · cpu {used.cpu_seconds:.2f} s · peak {peak} of {format_size(memory)}"
    )
    if used.model_calls:
        table.add_row(
            "models",
            f"{used.model_calls} calls · {used.prompt_tokens + used.completion_tokens} tokens · ${used.cost_usd:g}",
        )
    colour = "green" if outcome.ok else "red"
    verdict = outcome.verdict.value + (f" ({outcome.limit.name})" if outcome.limit else "")
    table.add_row("verdict", Text(verdict, style=f"bold {colour}"))
    _print(Panel(table, title=Text(escaped(outcome.script_name)), border_style=colour, expand=False), colours)


def _print(shown: RenderableType, colours: Colours) -> None:
    """Prints it. The console itself writes nothing: where nobody reads it would end the program, with code 1."""
    from rich.console import Console

    console = Console(color_system="auto" if colours.on else None, force_terminal=colours.on or None)
    with console.capture() as captured:
        console.print(shown)
    sys.stdout.write(captured.get())
    sys.stdout.flush()
