"""secret: keys, tokens and passwords in a source.

The rule kept here: no finding shows what it found, and a report shows the source without it (`masked`). Patterns have
no unbounded part within another, so a source is gone through in time that is in proportion to it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from llmspell.validate.finding import Finding, Severity
from llmspell.validate.rules.off import Off, Span
from llmspell.validate.rules.text import position

_MOST = 20
_SHAPES = (
    ("a key of OpenAI or Anthropic", "sk-", r"\bsk-(?:proj-|ant-|svcacct-|or-)?[A-Za-z0-9_-]{20,200}"),
    ("an access key of AWS", "AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
    ("a passing access key of AWS", "ASIA", r"\bASIA[A-Z0-9]{16}\b"),
    ("a token of GitHub", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36,255}"),
    ("a token of GitHub", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{50,255}"),
    ("a token of GitLab", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,100}"),
    ("a token of Slack", "xox", r"\bxox[abprs]-[A-Za-z0-9-]{10,200}"),
    ("a key of Google", "AIza", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a token of Hugging Face", "hf_", r"\bhf_[A-Za-z0-9]{30,60}\b"),
    ("a key of Groq", "gsk_", r"\bgsk_[A-Za-z0-9]{40,80}\b"),
    ("a key of Stripe", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,100}"),
    ("a token of npm", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a token of PyPI", "pypi-AgEI", r"\bpypi-AgEI[A-Za-z0-9_-]{50,200}"),
    ("a private key", "PRIVATE KEY-----", r"-----BEGIN (?:[A-Z]{1,12} )?PRIVATE KEY-----"),
    ("a signed token", ".eyJ", r"\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,1000}\.[A-Za-z0-9_-]{20,500}"),
)
"""What it is, what is always in it, and what it looks like: few sources have the second, so that the third is rare."""
_BY_NAME = "a secret by its name and by its letters"
_NAMES = ("api", "secret", "token", "passw", "credential")
_NAMED = re.compile(
    r"""(?:api[_-]?key|secret|token|passw(?:or)?d|credential)[a-z0-9_]{0,30}["']?\]?\s{0,4}(?:=|:)\s{0,4}["']([^"'\s]{16,200})["']""",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|your[-_]|dummy|changeme|xxxx|\.\.\.|<|\$\{|test|sample|redacted|0{8}|1234567"
)
_LONGEST_KEY = 16 * 1024
_OF_KEY = re.compile(r"""[A-Za-z0-9+/=\s\\"'.,;:-]{0,16384}""")
"""What stands in a private key, and between its lines where they are put together."""
_LETTER = re.compile(r"[^\r\n]")
_LEAST_ENTROPY = 3.5
"""Bits per letter: English has about 2.5 within a word, random base64 over 4.5 at 30 letters."""


def secrets(text: str, off: Off) -> Iterator[Finding]:
    """What looks like a secret, by its shape or by its name."""
    told: set[int] = set()
    for start, end, what in off.left("secret", text, chain(_shaped(text), _named(text))):
        if start not in told and len(told) < _MOST and not _PLACEHOLDER.search(text, start, end):
            told.add(start)
            yield _finding(text, start, end, what)


def masked(text: str) -> str:
    """The text with a star for each letter of what looks like a secret, whatever is switched off; all else is as it is.

    A private key is more than its first line, by which it is found: it goes up to where it says that it ends.
    """
    spans = {
        (start, end) for start, end, _ in (*_shaped(text), *_named(text)) if not _PLACEHOLDER.search(text, start, end)
    }
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start >= done and text.startswith("-----BEGIN", start):
            end = _end_of_key(text, end)
        if end > done:
            begin = max(start, done)
            pieces += text[done:begin], _LETTER.sub("*", text[begin:end])
            done = end
    return "".join((*pieces, text[done:]))


def _end_of_key(text: str, begin: int) -> int:
    end = text.find("-----END", begin, begin + _LONGEST_KEY)
    if end >= 0:
        return end
    match = _OF_KEY.match(text, begin)
    return match.end() if match is not None else begin


def _shaped(text: str) -> Iterator[Span]:
    for what, always, pattern in _SHAPES:
        if always in text:
            yield from ((*match.span(), what) for match in re.finditer(pattern, text))


def _named(text: str) -> Iterator[Span]:
    lowered = text.lower()
    if not any(name in lowered for name in _NAMES):
        return
    for match in _NAMED.finditer(text):
        if _is_random(match[1]):
            yield (*match.span(1), _BY_NAME)


def _finding(text: str, start: int, end: int, what: str) -> Finding:
    shown = "this" if what is _BY_NAME else f"{text[start : start + 4]}..."
    says = f"{shown} ({end - start} letters) looks like {what}: take it out, and make it void where it is from"
    return Finding("secret", Severity.ERROR, says, position(text, start, end))


def _is_random(value: str) -> bool:
    if not re.search("[0-9]", value) or not re.search("[A-Za-z]", value):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= _LEAST_ENTROPY
