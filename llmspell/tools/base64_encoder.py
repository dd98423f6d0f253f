"""The tool `base64-encoder`: bytes as text and back, from parameters or granted files.

The rule kept here: nothing is decoded leniently; a character outside the alphabet is an error, not skipped.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from typing import Any

from llmspell.tools.answer import INPUT_CAP, RESULT_CAP, answer, check_size, given, invalid, too_large
from llmspell.tools.granted_files import Asker, locate, read_file, write_file
from llmspell.tools.tool import ToolGrants

_INPUT = ("input", "data", "text", "content")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {"type": "string", "enum": ["encode", "decode"], "description": "which way"},
        "input": {
            "type": "string",
            "format": "binary",
            "description": "the text or bytes to encode, or the base64 text to decode",
        },
        "input_file": {"type": "string", "description": "a granted file to take instead of input"},
        "output_file": {"type": "string", "description": "a granted file to write instead of a result"},
        "variant": {
            "type": "string",
            "enum": ["standard", "url-safe"],
            "default": "standard",
            "description": "the alphabet: url-safe has - and _ for + and /",
        },
        "binary_input": {
            "type": "boolean",
            "default": False,
            "description": "input to encode is hexadecimal digits of bytes",
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
    },
    "required": ["operation"],
    "additionalProperties": False,
}


class Base64Encoder:
    """Operations `encode` and `decode`. Relative paths start at `folder`, else at the working folder."""

    __slots__ = ("_folder",)
    name = "base64-encoder"
    description = "Base64 encoding and decoding tool with standard and URL-safe variants"
    category = "utility"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = True
    large = True

    def __init__(self, *, folder: str | None = None) -> None:
        self._folder = folder

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:
        """The answer of one call; raises `CallError`: `validation`, `denied`, `not_found` or `tool`."""
        operation = parameters["operation"]
        variant = parameters.get("variant") or "standard"
        asker = Asker(self.name, self._folder or os.getcwd())
        source = self._source(asker, parameters, grants)
        if operation == "encode":
            made = base64.urlsafe_b64encode(source) if variant == "url-safe" else base64.b64encode(source)
        else:
            made = self._decoded(source, variant)
        target = parameters.get("output_file")
        if target is not None:
            place = locate(asker, target, grants.write, "--allow-write")
            size = write_file(asker, place, (made,))
            written = {"variant": variant, "file_path": target, "file_size": size}
            return answer(operation, f"base64 {operation}: {size:,} bytes written to {target}", written)
        return self._shown(operation, variant, made)

    def _source(self, asker: Asker, parameters: Mapping[str, Any], grants: ToolGrants) -> bytes:
        path = parameters.get("input_file")
        if path is not None:
            return read_file(asker, path, grants.read, cap=INPUT_CAP)
        value = given(parameters, _INPUT)
        if value is None:
            raise invalid(self.name, "needs the parameter 'input' or 'input_file'", "input")
        check_size(self.name, "the input", value)
        if parameters.get("binary_input") and parameters["operation"] == "encode":
            try:
                return binascii.unhexlify(value)
            except ValueError:
                raise invalid(self.name, "the input is not hexadecimal digits in pairs", "input") from None
        return value.encode() if isinstance(value, str) else bytes(value)

    def _decoded(self, source: bytes, variant: str) -> bytes:
        text = bytes(source).strip()
        text += b"=" * (-len(text) % 4)
        try:
            return base64.b64decode(text, altchars=b"-_" if variant == "url-safe" else None, validate=True)
        except ValueError as error:
            raise invalid(self.name, f"the input is not {variant} base64: {error}", "input") from None

    def _shown(self, operation: str, variant: str, made: bytes) -> dict[str, Any]:
        if len(made) > RESULT_CAP:
            raise too_large(self.name, "the result", len(made), RESULT_CAP)
        try:
            output: str | bytes = made.decode()
        except UnicodeDecodeError:
            output = made
        binary = isinstance(output, bytes)
        found = {"output": output, "variant": variant, "binary": binary}
        text = f"{len(made):,} bytes that are not text" if isinstance(output, bytes) else output
        return answer(operation, f"base64 {operation} completed", found, text)
