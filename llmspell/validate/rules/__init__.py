"""The rules by which a script is judged: each has a name that stays, and a file in which it is judged."""

from __future__ import annotations

RULES = {
    "syntax": "the script does not parse",
    "unknown-name": "a name that neither the script nor the engine defines",
    "unknown-function": "a function that a global does not have",
    "unknown-tool": "a tool that nobody knows",
    "missing-parameter": "a parameter that a tool requires is not given",
    "unknown-parameter": "a parameter that a tool or an agent does not take",
    "wrong-type": "a parameter of another type, or out of its bounds",
    "dynamic-call": "which tool is called, or with what, cannot be known before it runs",
    "unknown-module": "a module that is not beside the script",
    "bidi-control": "a character that shows text in another order than it is read",
    "control-character": "a character that ends a line for some and not for others, or steers a terminal",
    "invisible-character": "a character that shows nothing",
    "confusable-name": "a name that looks like another one",
    "secret": "what looks like a key, a token or a password",
    "not-utf8": "text that is no UTF-8",
    "binary": "no text at all",
    "empty": "nothing in it",
    "too-large": "more bytes than a script may have",
    "unreadable": "a file that cannot be read",
    "not-analysed": "what it calls could not be read off",
    "not-checked": "no worker could be had to check it",
    "no-engine": "no engine runs it",
    "bad-expectation": "an expectation that cannot be understood",
    "bad-cassette": "a cassette that cannot be read",
    "changed-since": "a script that is not the one that was recorded",
    "different-output": "the run printed something else than expected",
    "different-value": "the run gave another value than expected",
    "different-verdict": "the run ended otherwise than expected",
    "different-calls": "the run made other calls than expected",
    "over-limit": "the run used more than expected",
}
"""What each is about, by name."""
ALWAYS = frozenset(
    (
        *("syntax", "bidi-control", "control-character", "binary", "too-large", "unreadable"),
        *("not-analysed", "not-checked", "no-engine"),
        *("bad-expectation", "bad-cassette", "over-limit"),
        *("different-output", "different-value", "different-verdict", "different-calls"),
    )
)
"""Those that a comment in the script cannot switch off."""
