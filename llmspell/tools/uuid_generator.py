"""The tool `uuid-generator`: UUIDs and identifiers made of them.

The rule kept here: randomness and time are passed in, so that a replayed run gets the same identifiers.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.tools.answer import answer, check_size, hint, invalid, needed, shown
from llmspell.tools.tool import ToolGrants
from llmspell.utils.ids import NAMESPACE_AGENT, NAMESPACE_TOOL, NAMESPACE_WORKFLOW

MOST_NAME = 64 * 1024
"""Bytes of the name that a v3, v5 or deterministic UUID is made from."""
MOST_AFFIX = 200
"""Bytes of a prefix or a suffix."""

_NAME = ("name", "input", "content", "text", "data")
_UUID = ("uuid", "input", "content", "text", "data")
_FORMATS = ("standard", "hyphenated", "simple", "urn", "braced")
_NAMESPACES = {
    "agent": NAMESPACE_AGENT,
    "tool": NAMESPACE_TOOL,
    "workflow": NAMESPACE_WORKFLOW,
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}
_GREGORIAN = 0x01B21DD213814000  # 100 ns steps from 1582-10-15, where UUID time begins, to 1970-01-01 (RFC 9562)
_VARIANTS = {
    uuid.RFC_4122: "RFC4122",
    uuid.RESERVED_NCS: "NCS",
    uuid.RESERVED_MICROSOFT: "Microsoft",
    uuid.RESERVED_FUTURE: "Future",
}


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": _text(
            "what to make, or validate",
            enum=["generate", "component_id", "deterministic", "custom", "validate"],
            default="generate",
        ),
        "version": _text(
            "version of the UUID for generate; v3 and v5 need a name",
            enum=["v1", "1", "v3", "3", "v4", "4", "v5", "5", "v7", "7"],
            default="v4",
        ),
        "format": _text("how the UUID is written", enum=list(_FORMATS), default="standard"),
        "namespace": _text("dns, url, oid, x500, agent, tool, workflow or a UUID, for v3, v5 and deterministic"),
        "name": _text("the name, for v3, v5 and deterministic"),
        "prefix": _text("what a component_id (default component) or a custom id begins with"),
        "suffix": _text("what a custom id ends with"),
        "short": {
            "type": "boolean",
            "default": False,
            "description": "eight digits instead of the whole UUID",
        },
        "timestamp": {
            "type": "boolean",
            "default": False,
            "description": "seconds since 1970 in a custom id",
        },
        "uuid": _text("the text to validate"),
        **{older: _text("older spelling of name, or of uuid", deprecated=True) for older in _NAME[1:]},
    },
    "required": [],
    "additionalProperties": False,
}


class UuidGenerator:
    """Operations `generate`, `component_id`, `deterministic`, `custom` and `validate`."""

    __slots__ = ("_clock", "_random_bytes")
    name = "uuid-generator"
    description = "UUID generation tool with multiple versions and formats"
    category = "utility"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = False

    def __init__(
        self, *, random_bytes: Callable[[int], bytes] = os.urandom, clock: Callable[[], float] = time.time
    ) -> None:
        self._random_bytes = random_bytes
        self._clock = clock

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:  # noqa: ARG002
        """The answer of one call; raises `CallError` of kind `validation`."""
        match parameters.get("operation") or "generate":
            case "generate":
                return self._generated(parameters)
            case "component_id":
                return self._component(parameters)
            case "deterministic":
                return self._deterministic(parameters)
            case "custom":
                return self._custom(parameters)
            case _:
                return _validated(needed(self.name, "validate", parameters, _UUID))

    def _generated(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        version = (parameters.get("version") or "v4").removeprefix("v")
        style = parameters.get("format") or "standard"
        made = self._uuid(int(version), parameters)
        written = {"simple": made.hex, "urn": made.urn, "braced": f"{{{made}}}"}.get(style, str(made))
        style = "hyphenated" if style == "standard" else style
        found = {"uuid": written, "version": f"v{version}", "format": style}
        return answer("generate", "UUID generated", found, written)

    def _uuid(self, version: int, parameters: Mapping[str, Any]) -> uuid.UUID:
        if version in (3, 5):
            namespace = self._namespace(parameters.get("namespace") or "dns")
            name = check_size(self.name, "the name", needed(self.name, "generate", parameters, _NAME), MOST_NAME)
            return uuid.uuid3(namespace, name) if version == 3 else uuid.uuid5(namespace, name)
        noise = int.from_bytes(self._random_bytes(16), "big")
        if version == 4:
            return uuid.UUID(int=noise, version=4)
        if version == 7:
            milliseconds = int(self._clock() * 1000) & ((1 << 48) - 1)
            return uuid.UUID(int=_version_7((milliseconds << 80) | (noise & ((1 << 80) - 1))))
        ticks = (int(self._clock() * 10_000_000) + _GREGORIAN) & ((1 << 60) - 1)
        node = (noise & ((1 << 48) - 1)) | (1 << 40)  # the multicast bit says that this is no machine's address
        fields = (
            ticks & 0xFFFFFFFF,
            ticks >> 32 & 0xFFFF,
            ticks >> 48,
            noise >> 64 & 0xFF,
            noise >> 56 & 0xFF,
            node,
        )
        return uuid.UUID(fields=fields, version=1)

    def _namespace(self, name: str) -> uuid.UUID:
        found = _NAMESPACES.get(name) or _read(name)
        if found is None:
            problem = f"namespace {shown(name)} is neither known nor a UUID{hint(name, list(_NAMESPACES))}"
            raise invalid(self.name, problem, "namespace")
        return found

    def _random_part(self, *, short: bool) -> str:
        made = str(uuid.UUID(int=int.from_bytes(self._random_bytes(16), "big"), version=4))
        return made[:8] if short else made

    def _affix(self, parameters: Mapping[str, Any], name: str) -> str:
        value: str = parameters.get(name) or ""
        return check_size(self.name, f"the {name}", value, MOST_AFFIX)

    def _component(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        prefix = self._affix(parameters, "prefix") or "component"
        short = bool(parameters.get("short"))
        made = f"{prefix}_{self._random_part(short=short)}"
        return answer("component_id", "component id generated", {"id": made, "prefix": prefix, "short": short}, made)

    def _deterministic(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        namespace = parameters.get("namespace") or "agent"
        name = check_size(self.name, "the name", needed(self.name, "deterministic", parameters, _NAME), MOST_NAME)
        made = str(uuid.uuid5(self._namespace(namespace), name))
        found = {"id": made, "namespace": namespace, "name": name}
        return answer("deterministic", "deterministic id generated", found, made)

    def _custom(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        short, timestamp = bool(parameters.get("short")), bool(parameters.get("timestamp"))
        parts = [
            self._affix(parameters, "prefix"),
            str(int(self._clock())) if timestamp else "",
            self._random_part(short=short),
            self._affix(parameters, "suffix"),
        ]
        made = "_".join(part for part in parts if part)
        return answer("custom", "custom id generated", {"id": made, "timestamp": timestamp, "short": short}, made)


def _version_7(bits: int) -> int:
    return (bits & ~((0xF << 76) | (0b11 << 62))) | (7 << 76) | (0b10 << 62)


def _read(text: str) -> uuid.UUID | None:
    """The UUID that one of the formats of `generate` wrote, or None; stricter than `uuid.UUID`."""
    if text.startswith("urn:uuid:"):
        text = text[len("urn:uuid:") :]
    elif text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    if len(text) == 36 and all(text[at] == "-" for at in (8, 13, 18, 23)):
        text = text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
    if len(text) != 32 or not set(text) <= set("0123456789abcdefABCDEF"):
        return None
    return uuid.UUID(hex=text)


def _validated(text: str) -> dict[str, Any]:
    found = _read(text)
    if found is None:
        problem = {"valid": False, "error": "not in a UUID format"}
        return answer("validate", "not a valid UUID", problem)
    version = None if found.version is None else f"v{found.version}"
    result = {"valid": True, "uuid": str(found), "version": version, "variant": _VARIANTS[found.variant]}
    return answer("validate", "valid UUID", result, str(found))
