"""The tool `hash-calculator`: digests of texts, bytes and granted files, and whether one is the expected.

The rule kept here: a file is read through `granted_files.py` only, piece by piece.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

from llmspell.tools.answer import answer, check_size, hint, invalid, needed, shown
from llmspell.tools.granted_files import Asker, chunks, opened_file
from llmspell.tools.tool import ToolGrants

MOST_FILE = 100 * 1024 * 1024
"""Bytes of a file that is hashed."""
MOST_EXPECTED = 256
"""Characters of an expected hash; the longest digest takes 128."""

_INPUT = ("input", "data", "text", "content")
_FILE = ("file", "path")
_ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {
            "type": "string",
            "enum": ["hash", "verify"],
            "description": "calculate a hash, or compare it with expected_hash",
        },
        "algorithm": {
            "type": "string",
            "default": "sha256",
            "description": "md5, sha1, sha256 or sha512; SHA-256 and the like are understood",
        },
        "input_type": {
            "type": "string",
            "enum": ["string", "file"],
            "default": "string",
            "description": "whether input or file is hashed",
        },
        "input": {"type": "string", "format": "binary", "description": "the text or bytes to hash"},
        "file": {"type": "string", "description": "the path of the file to hash, below a granted folder"},
        "format": {
            "type": "string",
            "enum": ["hex", "base64"],
            "default": "hex",
            "description": "of the hash",
        },
        "expected_hash": {"type": "string", "description": "what verify compares with"},
        "expected_format": {
            "type": "string",
            "enum": ["hex", "base64"],
            "default": "hex",
            "description": "of expected_hash",
        },
        **{
            older: {
                "type": "string",
                "format": "binary",
                "deprecated": True,
                "description": "older name of input",
            }
            for older in _INPUT[1:]
        },
        "path": {"type": "string", "deprecated": True, "description": "older spelling of file"},
    },
    "required": ["operation"],
    "additionalProperties": False,
}


class HashCalculator:
    """Operations `hash` and `verify`. Relative paths start at `folder`, else at the working folder."""

    __slots__ = ("_folder",)
    name = "hash-calculator"
    description = "Calculate and verify hashes using multiple algorithms"
    category = "utility"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = True

    def __init__(self, *, folder: str | None = None) -> None:
        self._folder = folder

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
        """The answer of one call; raises `CallError`: `validation`, `denied`, `not_found` or `tool`."""
        algorithm = self._algorithm(parameters.get("algorithm") or "sha256")
        label = _ALGORITHMS[algorithm]
        if parameters["operation"] == "verify":
            return self._verified(parameters, grants, algorithm)
        digest = self._digest(parameters, grants, algorithm)
        style = parameters.get("format") or "hex"
        written = _written(digest, style)
        found = {"algorithm": label, "hash": written, "format": style}
        return answer("hash", f"calculated {label} hash", found, written)

    def _algorithm(self, name: str) -> str:
        spelled = name.lower().replace("-", "").replace("_", "")
        if spelled not in _ALGORITHMS:
            problem = f"unknown algorithm {shown(name)}{hint(name[:20].lower(), list(_ALGORITHMS))}"
            raise invalid(self.name, problem, "algorithm")
        return spelled

    def _digest(self, parameters: Mapping[str, Any], grants: ToolGrants, algorithm: str) -> bytes:
        digest = hashlib.new(algorithm, usedforsecurity=False)
        if parameters.get("input_type") == "file":
            path = needed(self.name, "hash", parameters, _FILE)
            asker = Asker(self.name, self._folder or os.getcwd())
            with opened_file(asker, path, grants.read, cap=MOST_FILE) as descriptor:
                for piece in chunks(asker, path, descriptor, MOST_FILE):
                    digest.update(piece)
            return digest.digest()
        value = check_size(self.name, "the input", needed(self.name, "hash", parameters, _INPUT))
        digest.update(value.encode() if isinstance(value, str) else value)
        return digest.digest()

    def _verified(self, parameters: Mapping[str, Any], grants: ToolGrants, algorithm: str) -> dict[str, Any]:
        style = parameters.get("expected_format") or "hex"
        expected = self._expected(needed(self.name, "verify", parameters, ("expected_hash",)), style)
        digest = self._digest(parameters, grants, algorithm)
        label = _ALGORITHMS[algorithm]
        if hmac.compare_digest(digest, expected):
            return answer("verify", "the hash is the expected one", {"verified": True, "algorithm": label})
        found = {
            "verified": False,
            "algorithm": label,
            "expected": _written(expected, style),
            "actual": _written(digest, style),
        }
        return answer("verify", "the hash is another than expected", found)

    def _expected(self, text: str, style: str) -> bytes:
        problem = f"expected_hash is not {style} of at most {MOST_EXPECTED} characters"
        if len(text) > MOST_EXPECTED:
            raise invalid(self.name, problem, "expected_hash")
        try:
            return binascii.unhexlify(text) if style == "hex" else base64.b64decode(text, validate=True)
        except ValueError:
            raise invalid(self.name, problem, "expected_hash") from None


def _written(digest: bytes, style: str) -> str:
    return digest.hex() if style == "hex" else base64.b64encode(digest).decode()
