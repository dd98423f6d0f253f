"""All rules, in the order in which they are tried, and the spells that they need."""

from __future__ import annotations

from llmspell.engines.conformance import running, starting, values

RULES = (*starting.RULES, *running.RULES, *values.RULES)
SPELLS = {
    "print": "prints `hello` and a newline",
    "back": "calls the tool `give` without parameters, and returns what it gives",
    "wrong": "does not parse",
    "loop": "computes without an end",
    "grow": "takes more and more memory without an end",
    "catch": "calls the tool `give`, handles its error, and returns the kind of it",
    "parallel": "calls the tool `give` twice at the same time, and returns the list of both answers",
    "stream": "makes an agent, streams any input through it, and prints the text of each chunk as it comes",
}
"""What each spell does, in the language of the worker."""
