"""Path rules of Windows, macOS, Linux: text in, text out, whatever system this is. No file is looked at.

So `a/../b` becomes `b`, even where `a` is a symbolic link to elsewhere: whoever decides about access by a path must
resolve it on the file system first (see `llmspell/tools/granted_files.py`).
"""

from __future__ import annotations

import ntpath
import posixpath
import re
import unicodedata
from collections.abc import Mapping

from llmspell.errors import UsageError
from llmspell.utils.system import OperatingSystem

_VARIABLE = re.compile(r"\$\{(?P<braced>[^}]*)\}|\$(?P<plain>[A-Za-z_][A-Za-z0-9_]*)")
_WINDOWS_VARIABLE = re.compile(_VARIABLE.pattern + r"|%(?P<percent>[^%]+)%")


def normalize_path(path: str, system: OperatingSystem | None = None) -> str:
    r"""The shortest way to write the same path, by the rules of `system` (this one's by default).

    Separators are single, `.` is gone, `..` is taken back where there is something before it, no separator ends it. On
    Windows `/` separates too and becomes `\`; elsewhere `\` is a letter like any other. macOS takes composed and
    decomposed letters for the same, so they are composed.

    >>> normalize_path("/srv//spells/./old/../new/", OperatingSystem.LINUX)
    '/srv/spells/new'
    >>> print(normalize_path("C:/spells/../new.txt", OperatingSystem.WINDOWS))
    C:\new.txt
    """
    system = system or OperatingSystem.current()
    if system is OperatingSystem.WINDOWS:
        normal = ntpath.normpath(path)
        if normal.startswith("\\"):  # `ntpath` takes `\:` for a drive
            return normal
        gained_drive = ntpath.splitdrive(normal)[0] and not ntpath.splitdrive(path)[0]  # './C:/a' would lead elsewhere
        return f".\\{normal}" if gained_drive else normal
    if system is OperatingSystem.MACOS:
        path = unicodedata.normalize("NFC", path)
    normal = posixpath.normpath(path)
    return normal[1:] if normal.startswith("//") else normal  # POSIX leaves the meaning of two to the system


def expand_path(
    path: str, environ: Mapping[str, str], *, folder: str | None = None, system: OperatingSystem | None = None
) -> str:
    """A path that a person wrote, with `~` and variables replaced, and normalized.

    `$NAME` and `${NAME}` are replaced by what `environ` says, on Windows `%NAME%` too, once: what stands in a value
    stays as it is. `~` at the beginning is `HOME`, on Windows `USERPROFILE`. A relative path is taken to be below
    `folder`, where that is given. Raises UsageError for a variable that is not set, and for `~name`.

    >>> expand_path("~/spells/$TEAM", {"HOME": "/home/ada", "TEAM": "red"}, system=OperatingSystem.LINUX)
    '/home/ada/spells/red'
    >>> expand_path("../new", {}, folder="/srv/spells", system=OperatingSystem.LINUX)
    '/srv/new'
    """
    system = system or OperatingSystem.current()
    windows = system is OperatingSystem.WINDOWS
    variables = {name.upper(): value for name, value in environ.items()} if windows else environ

    def value_of(name: str) -> str:
        value = variables.get(name.upper() if windows else name)
        if value is None:
            raise UsageError(f"path {path[:300]!r} names the variable {name[:100]!r}, which is not set")
        return value

    home, rest = "", path
    if path.startswith("~"):
        if path[1:2] not in (("", "/", "\\") if windows else ("", "/")):
            raise UsageError(f"path {path[:300]!r} names the home folder of another user; write the folder itself")
        home, rest = value_of("USERPROFILE" if windows else "HOME"), path[1:]
    pattern = _WINDOWS_VARIABLE if windows else _VARIABLE
    expanded = home + pattern.sub(lambda match: value_of(match[match.lastgroup or 0]), rest)
    if folder is not None:
        expanded = (ntpath if windows else posixpath).join(folder, expanded)
    return normalize_path(expanded, system)
