"""Which engines there are, as data, and how one is made.

The rule kept here: the host never loads an engine, and nothing branches on an engine's name. Built-in engines are rows
of a table; a configuration and the entry-point group `llmspell.engines` add rows of the same type. Entry points are
read only for a name or suffix that the table lacks, because reading them costs more than importing the command line
does (E16).
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from llmspell.engines.builtin import DEFAULT_ENGINE, DIALECTS, PROGRAMS, ROWS, TAKES_PACKAGES, builtin_command
from llmspell.errors import SetupError, UsageError, nearest
from llmspell.limits import MIB

ENTRY_POINTS = "llmspell.engines"


class EngineSpec(NamedTuple):
    """One engine. `command` starts its worker and is followed by the engine's name and the memory limit in bytes.

    A built-in engine has no command but the `library` that its worker imports. `least_memory` is what its worker
    needs to start, in bytes. `settings` are handed to the worker as they are. `source` says where the row came from.
    `needs` are the paths that a command reads, folders with all that is in them: with it, even if empty, the command is
    confined before it is executed; without it (None) it has to confine itself.
    `extensions` are the extension modules of granted packages, `NAME=FILE` each, that its worker maps before it is
    confined; None for an engine whose scripts import no packages.
    """

    name: str
    suffixes: tuple[str, ...]
    command: tuple[str, ...] = ()
    library: str | None = None
    least_memory: int = 4 * MIB
    settings: Mapping[str, Any] = {}
    source: str = "built in"
    needs: tuple[str, ...] | None = None
    extensions: tuple[str, ...] | None = None


BUILT_IN = tuple(
    EngineSpec(name, suffixes, library=library, least_memory=least, extensions=() if name in TAKES_PACKAGES else None)
    for name, suffixes, library, least in ROWS
)


class EngineFactory:
    """The engines of a host. `extra` rows come from a configuration and may not take a built-in name.

    `default` is the engine of a script that neither its suffix nor its first line gives one; `chosen_by` is who says
    so, for the message if there is none of that name.
    """

    def __init__(self, extra: Iterable[EngineSpec] = (), *, default: str = DEFAULT_ENGINE, chosen_by: str = "") -> None:
        self._specs = {spec.name: spec for spec in BUILT_IN}
        self._installed = False
        self._default, self._chosen_by = default, chosen_by
        for spec in extra:
            self._add(spec)

    def get(self, name: str) -> EngineSpec:
        """The engine of that name, or `NAME@DIALECT`; raises UsageError that lists the known ones and the nearest."""
        name, at, dialect = name.partition("@")
        if name not in self._specs:
            self._read_entry_points()
        if name not in self._specs:
            close = self._by_suffix(f".{name}") or nearest(name, list(self._specs))
            hint = f"did you mean {close}? " if close else ""
            raise UsageError(
                f"there is no engine {name[:60]!r}; {hint}known are: {', '.join(sorted(self._specs))}; others come"
                f" with a package that has the entry point {ENTRY_POINTS}, or by [engines.NAME] in a configuration"
            )
        return _of_dialect(self._specs[name], dialect if at else None)

    def names(self) -> list[str]:
        """All engines, those of entry points included."""
        self._read_entry_points()
        return sorted(self._specs)

    def for_script(self, name: str, first_line: bytes) -> EngineSpec:
        """The engine for a script: by suffix, then by its `#!` line, then the default. Raises UsageError."""
        suffix = os.path.splitext(name)[1]
        named = self._by_suffix(suffix) or self._by_first_line(first_line)
        if named is None and (suffix or first_line.startswith(b"#!")):
            self._read_entry_points()
            named = self._by_suffix(suffix) or self._by_first_line(first_line)
        if named is not None:
            return self.get(named)
        try:
            return self.get(self._default)
        except UsageError as error:
            raise UsageError(f"{self._chosen_by}: {error}" if self._chosen_by else str(error)) from None

    def _by_suffix(self, suffix: str) -> str | None:
        return next((spec.name for spec in self._specs.values() if suffix and suffix in spec.suffixes), None)

    def _by_first_line(self, line: bytes) -> str | None:
        """The engine that a `#!` line names, with the dialect if it names one: `lua5.1`, `luajit`."""
        if not line.startswith(b"#!"):
            return None
        words = line[2:200].split(b"\n", 1)[0].replace(b"/", b" ").split()
        for word in reversed(words):
            whole = word.decode("ascii", "replace")
            called = whole.rstrip("0123456789.")
            name = PROGRAMS.get(called, called)
            if name in self._specs:
                version = whole[len(called) :]
                return f"{name}@{version}" if version in DIALECTS.get(name, ()) else name
            for engine, dialects in DIALECTS.items():
                if whole in dialects:
                    return f"{engine}@{whole}"
        return None

    def _read_entry_points(self) -> None:
        if self._installed:
            return
        self._installed = True
        from importlib.metadata import entry_points

        for entry in entry_points(group=ENTRY_POINTS):
            try:
                spec = entry.load()
            except (Exception, SystemExit) as error:  # a package of somebody else runs here
                raise SetupError(
                    f"the entry point {entry.name} of {ENTRY_POINTS} ({entry.value}) cannot be loaded:"
                    f" {type(error).__name__}: {error}"
                ) from error
            if not isinstance(spec, EngineSpec):
                raise SetupError(
                    f"the entry point {entry.name} of {ENTRY_POINTS} is no EngineSpec but {type(spec).__name__}"
                )
            if spec.name not in self._specs:
                self._add(spec._replace(source=f"entry point {entry.value}"))

    def _add(self, spec: EngineSpec) -> None:
        if "@" in spec.name:
            raise UsageError(f"engine {spec.name!r} cannot have an @ in its name: a dialect stands behind it")
        known = self._specs.get(spec.name)
        if known is not None and known.library is not None:
            if spec.command:
                raise UsageError(f"engine {spec.name!r} is built in and cannot be given another command")
            spec = known._replace(
                suffixes=(*known.suffixes, *spec.suffixes), settings={**known.settings, **spec.settings}
            )
        elif not spec.command:
            raise UsageError(f"engine {spec.name!r} needs a command")
        self._specs[spec.name] = spec


def _of_dialect(spec: EngineSpec, dialect: str | None) -> EngineSpec:
    """The row of an engine in a dialect, by name or by its setting `dialect`; raises UsageError for an unknown one."""
    known = DIALECTS.get(spec.name, ()) if not spec.command else ()
    wanted = spec.settings.get("dialect") if dialect is None and known else dialect
    if wanted is None or (known and wanted == known[0]):
        return spec
    if not known:
        raise UsageError(f"engine {spec.name!r} has no dialects, and was asked for {wanted[:60]!r}")
    if wanted not in known:
        raise UsageError(f"engine {spec.name!r} has no dialect {str(wanted)[:60]!r}; known are: {', '.join(known)}")
    return spec._replace(name=f"{spec.name}@{wanted}", settings={**spec.settings, "dialect": wanted})


def missing_library(spec: EngineSpec) -> str | None:
    """Why a built-in engine cannot start here, with what to do; None if nothing is missing."""
    try:
        worker_command(spec)
    except SetupError as error:
        return str(error)
    return None


def worker_command(spec: EngineSpec, *, namespaces: bool = False) -> tuple[str, ...]:
    """What starts an engine's worker, without its last two arguments.

    With `namespaces` it enters some of its own; a command without `needs` is not asked to. Raises SetupError if a
    library is missing, UsageError for a path that is needed and not absolute.
    """
    if not spec.command:
        return builtin_command(spec.name, spec.library, namespaces=namespaces, extensions=spec.extensions or ())
    if spec.needs is None:
        return spec.command
    from llmspell.engines.launched import launched_command

    return launched_command(spec.name, spec.command, spec.needs, namespaces=namespaces)


__all__ = ["BUILT_IN", "DEFAULT_ENGINE", "ENTRY_POINTS", "EngineFactory", "EngineSpec", "worker_command"]
