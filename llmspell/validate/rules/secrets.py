"""secret: keys, tokens and passwords in a source.

The rule kept here: no finding shows what it found. Patterns have no unbounded part within another, so a source is gone
through in time that is in proportion to it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from llmspell.validate.finding import Finding, Severity
from llmspell.validate.rules.text import position

_MOST = 20
_SHAPES = (
    ("a key of OpenAI or Anthropic", r"\bsk-(?:proj-|ant-|svcacct-|or-)?[A-Za-z0-9_-]{20,200}"),
    ("an access key of AWS", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a token of GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})"),
    ("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20,100}"),
    ("a token of Slack", r"\bxox[abprs]-[A-Za-z0-9-]{10,200}"),
    ("a key of Google", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{30,60}\b"),
    ("a key of Groq", r"\bgsk_[A-Za-z0-9]{40,80}\b"),
    ("a key of Stripe", r"\b[rs]k_live_[A-Za-z0-9]{20,100}"),
    ("a token of npm or PyPI", r"\b(?:npm_[A-Za-z0-9]{36}\b|pypi-AgEI[A-Za-z0-9_-]{50,200})"),
    ("a private key", r"-----BEGIN (?:[A-Z]{1,12} )?PRIVATE KEY-----"),
    ("a signed token", r"\beyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,1000}\.[A-Za-z0-9_-]{20,500}"),
)
_SHAPED = re.compile("|".join(f"({pattern})" for _, pattern in _SHAPES))
_NAMED = re.compile(
    r"""(?i:api_?-?key|secret|token|passw(?:or)?d|credential)[A-Za-z0-9_]{0,30}["']?\]?\s{0,4}(?:=|:)\s{0,4}["']([^"'\s]{16,200})["']"""
)
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|your[-_]|dummy|changeme|xxxx|\.\.\.|<|\$\{|test|sample|redacted|0{8}|1234567"
)
_LEAST_ENTROPY = 3.5
"""Bits per letter: English has about 2.5 within a word, random base64 over 4.5 at 30 letters."""


def secrets(text: str) -> Iterator[Finding]:
    """What looks like a secret, by its shape or by its name."""
    told: set[int] = set()
    for match in _SHAPED.finditer(text):
        if _PLACEHOLDER.search(match[0]) or len(told) == _MOST:
            continue
        told.add(match.start())
        what = _SHAPES[(match.lastindex or 1) - 1][0]
        yield _finding(text, match.start(), match.end(), what)
    for match in _NAMED.finditer(text):
        value, start = match[1], match.start(1)
        if start in told or len(told) >= _MOST or not _is_random(value):
            continue
        told.add(start)
        yield _finding(text, start, match.end(1), "a secret by its name and by its letters")


def _finding(text: str, start: int, end: int, what: str) -> Finding:
    shown = text[start : start + 4]
    says = f"{shown}... ({end - start} letters) looks like {what}: take it out, and make it void where it is from"
    return Finding("secret", Severity.ERROR, says, position(text, start, end))


def _is_random(value: str) -> bool:
    if _PLACEHOLDER.search(value) or not re.search("[0-9]", value) or not re.search("[A-Za-z]", value):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= _LEAST_ENTROPY
