"""The standard library of this Python, module by module, for a worker that can open no file.

The rule kept here: what is asked for is hostile, and only a module of the standard library has an answer. Nothing is
compiled or run in the host: it hands over the bytes that an import would read, and they are public.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from llmspell.errors import CallError, ErrorKind

MAX_NAME = 200
_HEADER = 16
"""Bytes before the code in a `.pyc`: magic number, flags, and time and size of the source, or its hash (PEP 552)."""
_BUILD = "_sysconfigdata_"
"""How the name of the module begins that says how Python was built; `sysconfig` reads it."""
_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))


def load_library(name: str) -> dict[str, Any]:
    """`{name, package, code, source}` of a module: marshalled code, or, where there is none that fits, its source.

    `name` in the answer is its file below the library. Raises CallError (not_found) for all that is no module of the
    standard library written in Python.
    """
    parts = name.split(".")
    if len(name) <= MAX_NAME and name.isascii() and _is_of_library(parts):
        path = os.path.join(_LIBRARY, *parts)
        for file, package in ((os.path.join(path, "__init__.py"), True), (path + ".py", False)):
            code, source = code_or_source(file)
            if code is not None or source is not None:
                place = os.path.relpath(file, _LIBRARY)
                return {"name": place, "package": package, "code": code, "source": source}
    raise CallError(ErrorKind.NOT_FOUND, f"the standard library has no module {name[:100]!a} written in Python")


def code_or_source(file: str) -> tuple[bytes | None, bytes | None]:
    """What an import of a file in Python would run: marshalled code, or else the source; neither if it is not there."""
    code = _code_of(file)
    return code, _read(file) if code is None else None


def _is_of_library(parts: list[str]) -> bool:
    if len(parts) == 1 and parts[0].startswith(_BUILD):
        return parts[0].replace("-", "_").isidentifier()  # the name of the machine is a part of it
    return parts[0] in sys.stdlib_module_names and all(part.isidentifier() for part in parts)


def _code_of(file: str) -> bytes | None:
    """The code that Python keeps of a source, if it is of that source."""
    from importlib.util import MAGIC_NUMBER, cache_from_source

    data = _read(cache_from_source(file))
    if data is None or data[:4] != MAGIC_NUMBER:
        return None
    flags = int.from_bytes(data[4:8], "little")
    if flags == 0:
        try:
            found = os.stat(file)
        except OSError:
            return None
        of = (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
        if of != (int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")):
            return None
    elif flags != 1:  # a hash that is to be checked: the source is as good
        return None
    return data[_HEADER:]


def _read(file: str) -> bytes | None:
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError:
        return None
