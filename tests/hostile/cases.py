"""The corpus as data: a file is a case, and its first lines say what is wanted (`README.md` has the format).

The rule kept here: a header is checked strictly, so that a misspelt wish is an error and never a case that cannot fail.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
GROUPS = (
    "memory", "time", "language", "escapes", "wire", "processes", "files", "lifecycle", "output", "terminal",
    "secrets", "configuration", "modules", "tools", "javascript", "python",
)  # fmt: skip
ALL = ("memory", "files", "network", "processes")
REQUIRED = {"script": ALL, "configuration": ALL, "worker": ("memory",)}
"""What has to be enforced, by the kind of a case. All of it is what `sandbox` requires when nothing is typed out; a
third-party worker that confines itself, and arms its memory alone, has less."""
SUFFIX = ".attack"
"""What a third-party worker's case ends in."""
LEAST = {"--cpu": "1", "--timeout": "20"}
"""Options of every case that does not type its own."""
SHORT_CPU = "0.3"
"""Seconds of processor time for those that want to reach that limit, and nothing else."""
KEYS = {
    "title", "threat", "verdict", "kind", "command", "options", "arguments", "script", "stdin", "place", "kept",
    "stdout", "value", "says", "never", "send", "prelude", "passes", "xfail",
}  # fmt: skip
MANY = {"place", "kept", "says", "never"}
PYTHON = ".pyspell"
"""What a script in Python ends in here: `.py` is a host. It is run as `NAME.py`."""
KINDS = {".lua": "script", ".js": "script", PYTHON: "script", ".toml": "configuration", SUFFIX: "worker", ".py": "host"}
VERDICTS = {
    "ok": (), "error": (
        "syntax", "runtime", "tool", "provider", "denied", "validation", "timeout", "budget", "not_found", "internal",
    ),
    "limit": ("memory", "cpu", "wall", "output", "calls", "model_calls", "tokens", "cost", "source"),
    "denied": ("denied",), "crash": ("crash", "protocol"), "cancelled": ("129", "130", "141", "143"),
    "usage": (), "killed": (),
}  # fmt: skip
"""What may be wanted, and the details: the kind of the error, the name of the limit, the code of the cancellation."""
ENDLESS, ZEROS = b"endless", b"zero"
"""A stdin on which nobody writes, and /dev/zero; all else is the text itself."""
PASSES = ("command", "api", "terminal", "memory", "probe")
_LINE = re.compile(r"(?:--|//|#) ([a-z]+): (.*)")
_THREAT = re.compile(r"T-[A-Z]+-[1-9][0-9]*")


class Wanted(NamedTuple):
    """One way in which a case may end; `usage` is exit code 2 with nothing run, `killed` has no outcome at all."""

    verdict: str
    detail: str | None = None


class Case(NamedTuple):
    """One attack. Texts of the header may hold Python's escapes, and are bytes from here on."""

    path: Path
    group: str
    kind: str
    title: str
    threat: str
    wanted: tuple[Wanted, ...]
    command: str
    options: tuple[str, ...]
    arguments: tuple[bytes, ...]
    script: bytes
    stdin: bytes | None
    place: tuple[tuple[bytes, ...], ...]
    kept: tuple[bytes, ...]
    stdout: bytes | None
    value: object
    says: tuple[bytes, ...]
    never: tuple[bytes, ...]
    send: tuple[str, str] | None
    prelude: str
    passes: tuple[str, ...]
    xfail: str | None

    @property
    def id(self) -> str:
        """Stable, and what `-k` finds it by."""
        return f"{self.group}/{self.path.stem}"

    @property
    def source(self) -> bytes:
        """The whole file: its header is made of comments."""
        return self.path.read_bytes()

    def option(self, name: str) -> str | None:
        """The value of an option of the case."""
        return self.options[self.options.index(name) + 1] if name in self.options else None


def corpus() -> list[Case]:
    """All cases, in order."""
    return [read(path) for group in GROUPS for path in sorted((HERE / group).iterdir()) if path.suffix in KINDS]


def read(path: Path) -> Case:
    """The case in a file; ValueError names what is wrong with its header."""
    header = _header(path)

    def one(key: str, default: str = "") -> str:
        return header[key][-1] if key in header else default

    def texts(key: str) -> tuple[bytes, ...]:
        return tuple(map(unescaped, header.get(key, ())))

    for key in ("title", "threat", "verdict"):
        if key not in header:
            raise ValueError(f"{path}: no {key}")
    if not _THREAT.fullmatch(one("threat")):
        raise ValueError(f"{path}: {one('threat')} is no id of a threat")
    kind = one("kind", _kind(path))
    options = shlex.split(one("options"))
    least = {**LEAST, "--cpu": SHORT_CPU} if one("verdict") == "limit cpu" else LEAST
    for name, value in least.items():
        if name not in options and kind != "host":
            options += [name, value]
    return Case(
        path=path,
        group=path.parent.name,
        kind=kind,
        title=one("title"),
        threat=one("threat"),
        wanted=tuple(_wanted(path, text) for text in one("verdict").split(" | ")),
        command=one("command", "run" if kind == "configuration" else "sandbox"),
        options=tuple(options),
        arguments=tuple(map(unescaped, one("arguments").split())),
        script=unescaped(one("script", "case.lua" if kind == "configuration" else path.name.replace(PYTHON, ".py"))),
        stdin=unescaped(one("stdin")) if "stdin" in header else None,
        place=tuple(tuple(text.split(b" ", 2)) for text in texts("place")),
        kept=texts("kept"),
        stdout=unescaped(one("stdout")) if "stdout" in header else None,
        value=json.loads(one("value")) if "value" in header else ...,
        says=texts("says"),
        never=texts("never"),
        send=(one("send").split()[0], one("send").split()[1]) if "send" in header else None,
        prelude=one("prelude", "arm(); hello()"),
        passes=_passes(path, kind, header),
        xfail=one("xfail") or None,
    )


def unescaped(text: str) -> bytes:
    r"""`\n`, `\x1b` and the like as the bytes that they mean.

    >>> unescaped(r"a\xff\n")
    b'a\xff\n'
    """
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def _header(path: Path) -> dict[str, list[str]]:
    header: dict[str, list[str]] = {}
    for key, value in _lines(path):
        if key not in KEYS:
            raise ValueError(f"{path}: unknown key {key}")
        if key in header and key not in MANY:
            raise ValueError(f"{path}: {key} stands twice")
        header.setdefault(key, []).append(value)
    return header


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_bytes().split(b"\n"):
        found = _LINE.fullmatch(line.decode("latin-1"))
        if found is None:
            return
        yield found[1], found[2]


def _kind(path: Path) -> str:
    return "calls" if path.suffix == ".toml" and path.parent.name in ("processes", "files") else KINDS[path.suffix]


def _wanted(path: Path, text: str) -> Wanted:
    verdict, _, detail = text.strip().partition(" ")
    if verdict not in VERDICTS or (detail and detail not in VERDICTS[verdict]):
        raise ValueError(f"{path}: there is no verdict {text!r}")
    return Wanted(verdict, detail or None)


def _passes(path: Path, kind: str, header: dict[str, list[str]]) -> tuple[str, ...]:
    """By which ways a case is run: all that make sense for its kind, or those that it names."""
    named = tuple(header.get("passes", [""])[-1].split())
    if set(named) - set(PASSES):
        raise ValueError(f"{path}: there are no passes {named}")
    if named:
        return named
    if kind == "calls":
        return ("probe",)
    if kind in ("configuration", "host") or "send" in header:
        return ("command",)
    return ("command", "api")
