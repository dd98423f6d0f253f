"""All rules, in the order in which they are tried, and the spells that they need."""

from __future__ import annotations

from llmspell.engines.conformance import features, running, starting, values

RULES = (*starting.RULES, *running.RULES, *values.RULES, *features.RULES)
SPELLS = {
    "print": "prints `hello` and a newline",
    "back": "calls the tool `give` without parameters, and returns what it gives",
    "wrong": "does not parse",
    "loop": "computes without an end",
    "grow": "takes more and more memory without an end",
    "catch": "calls the tool `give`, handles its error, and returns the kind of it",
    "parallel": "calls the tool `give` twice at the same time, and returns the list of both answers",
    "stream": "makes an agent, streams any input through it, and prints the text of each chunk as it comes",
    "words": "returns the list of the words that it is given",
    "module": "loads the module `near` from beside it",
    "near": "is that module: prints `near` and a newline",
    "unfinished": "does not parse, because it ends too early",
    "count": "keeps in a global how often it has run in this session, and returns it: 1 the first time",
    "dice": "returns a list: a random number, the seconds since 1970, and the same after a sleep of 10 seconds",
}
"""What each spell does, in the language of the worker."""
