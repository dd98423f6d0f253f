"""The tool `file-operations`: files and folders below the granted ones.

The rule kept here: every path goes through `granted_files.py`; reading asks the read grants, all that changes
something asks the write grants, and taking something away from where it was asks both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.tools.answer import answer, check_size, needed
from llmspell.tools.file_changes import appended, copied, deleted, folder_made, moved
from llmspell.tools.file_facts import described, exists, listed
from llmspell.tools.granted_files import Asker, locate, read_file, write_file
from llmspell.tools.tool import ToolGrants

READ_CAP = 4 * 1024 * 1024
"""Bytes of a file that is read, and of what one call writes or appends."""

_PATH = ("path", "file_path", "file")
_INPUT = ("input", "content", "text", "data")
_SOURCE = ("source_path", "from_path", "source")
_TARGET = ("target_path", "to_path", "target")
_OLDER = {
    "mkdir": "create_dir",
    "ls": "list_dir",
    "dir": "list_dir",
    "list": "list_dir",
    "cp": "copy",
    "mv": "move",
    "rename": "move",
    "stat": "metadata",
    "info": "metadata",
}
_OPERATIONS = (
    "read",
    "write",
    "append",
    "delete",
    "create_dir",
    "list_dir",
    "copy",
    "move",
    "metadata",
    "exists",
)


def _older(names: tuple[str, ...], **more: Any) -> dict[str, Any]:
    description = f"older spelling of {names[0]}"
    return {name: {"type": "string", "deprecated": True, "description": description, **more} for name in names[1:]}


_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {
            "type": "string",
            "enum": [*_OPERATIONS, *_OLDER],
            "description": "what to do; mkdir, ls, dir, list, cp, mv, rename, stat and info are older names",
        },
        "path": {"type": "string", "description": "the file or folder; all but copy and move need it"},
        "input": {
            "type": "string",
            "format": "binary",
            "description": "what write and append put in the file",
        },
        "source_path": {"type": "string", "description": "for copy and move: from where"},
        "target_path": {"type": "string", "description": "for copy and move: to where"},
        "recursive": {
            "type": "boolean",
            "default": False,
            "description": "for create_dir: make the missing folders above it too",
        },
        **_older(_PATH),
        **_older(_INPUT, format="binary"),
        **_older(_SOURCE),
        **_older(_TARGET),
    },
    "required": ["operation"],
    "additionalProperties": False,
}


class FileOperations:
    """Ten operations on granted files. Relative paths start at `folder`, else at the working folder."""

    __slots__ = ("_folder", "_operations")
    name = "file-operations"
    description = "Safe file system operations below granted folders"
    category = "filesystem"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = True
    large = True

    def __init__(self, *, folder: str | None = None) -> None:
        self._folder = folder
        self._operations: dict[str, Callable[[Asker, Mapping[str, Any], ToolGrants], dict[str, Any]]] = {
            "read": _read,
            "write": _write,
            "append": _append,
            "delete": _delete,
            "create_dir": _create_dir,
            "list_dir": _list_dir,
            "copy": _copy,
            "move": _move,
            "metadata": _metadata,
            "exists": _exists,
        }

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
        """The answer of one call; raises `CallError`: `validation`, `denied`, `not_found` or `tool`."""
        operation = parameters["operation"]
        operation = _OLDER.get(operation, operation)
        asker = Asker(self.name, self._folder or os.getcwd())
        return self._operations[operation](asker, parameters, grants)


def _content(asker: Asker, operation: str, parameters: Mapping[str, Any]) -> bytes:
    value = check_size(asker.tool, "the input", needed(asker.tool, operation, parameters, _INPUT), READ_CAP)
    return value.encode() if isinstance(value, str) else value


def _read(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "read", parameters, _PATH)
    content = read_file(asker, path, grants.read, cap=READ_CAP)
    message = f"read {len(content):,} bytes from {path}"
    try:
        text: str | bytes = content.decode()
    except UnicodeDecodeError:
        text = content
    found = {"input": text, "size": len(content), "file_path": path}
    return answer("read", message, found, text if isinstance(text, str) else message)


def _write(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "write", parameters, _PATH)
    content = _content(asker, "write", parameters)
    size = write_file(asker, locate(asker, path, grants.write, "--allow-write"), (content,))
    return answer("write", f"wrote {size:,} bytes to {path}", {"file_path": path, "file_size": size})


def _append(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "append", parameters, _PATH)
    content = _content(asker, "append", parameters)
    total = appended(asker, locate(asker, path, grants.write, "--allow-write"), content)
    found = {"appended_size": len(content), "file_path": path, "file_size": total}
    return answer("append", f"appended {len(content):,} bytes to {path}", found)


def _delete(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "delete", parameters, _PATH)
    deleted(asker, locate(asker, path, grants.write, "--allow-write"))
    return answer("delete", f"deleted {path}", {"file_path": path})


def _create_dir(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "create_dir", parameters, _PATH)
    recursive = bool(parameters.get("recursive"))
    folder_made(asker, locate(asker, path, grants.write, "--allow-write"), recursive=recursive)
    return answer("create_dir", f"created folder {path}", {"recursive": recursive, "file_path": path})


def _list_dir(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "list_dir", parameters, _PATH)
    entries, truncated = listed(asker, locate(asker, path, grants.read, "--allow-read"))
    found = {"entries": entries, "count": len(entries), "truncated": truncated, "file_path": path}
    return answer("list_dir", f"found {len(entries):,} entries in {path}", found)


def _ends(
    asker: Asker, operation: str, parameters: Mapping[str, Any], grants: ToolGrants
) -> tuple[str, str, dict[str, Any]]:
    source: str = needed(asker.tool, operation, parameters, _SOURCE)
    target: str = needed(asker.tool, operation, parameters, _TARGET)
    locate(asker, source, grants.read, "--allow-read")
    message = f"{'copied' if operation == 'copy' else 'moved'} {source} to {target}"
    return source, target, answer(operation, message, {"source": source, "target": target})


def _copy(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    source, target, done = _ends(asker, "copy", parameters, grants)
    copied(asker, source, grants.read, locate(asker, target, grants.write, "--allow-write"))
    return done


def _move(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    source, target, done = _ends(asker, "move", parameters, grants)
    origin = locate(asker, source, grants.write, "--allow-write")
    moved(asker, origin, locate(asker, target, grants.write, "--allow-write"))
    return done


def _metadata(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "metadata", parameters, _PATH)
    found = described(asker, locate(asker, path, grants.read, "--allow-read"))
    return answer("metadata", f"{found['type']} of {found['size']:,} bytes: {path}", found)


def _exists(asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
    path = needed(asker.tool, "exists", parameters, _PATH)
    there = exists(asker, locate(asker, path, grants.read, "--allow-read"))
    return answer("exists", f"{path} {'exists' if there else 'does not exist'}", {"exists": there, "file_path": path})
