"""The script API as one table of data. It travels in `Configure`, and each engine builds its globals from it.

The rule kept here: a function that is added to this table appears in every language without a change to an engine.

A row says what it `calls`, the names of what it `takes`, other spellings (`also`), arguments that are always the same
(`with`), and the form of what it `gives`: a plain value where nothing is said, an object of a class (`many` of them),
or a `stream` that the script pulls by `pulls` and ends by `closes`. `each` runs a stream through a function of the
script; `starts` begins a builder; `caught` makes a failure an answer, `{success, output}` or `{success, error, kind}`.
A row that `makes` a map calls nothing: it gives that map with what it takes in it.
"""

from __future__ import annotations

from typing import Any

_STREAM = {"gives": "stream", "pulls": "stream.next", "closes": "stream.close"}

_LOG = {
    level: {"calls": "log.write", "takes": ["message", "fields"], "with": {"level": level}}
    for level in ("debug", "info", "warn", "error")
}

_DATA = ["data", "format", "metadata"]

SURFACE: dict[str, Any] = {
    "globals": {
        "Agent": {
            "create": {"calls": "agent.create", "takes": ["config"], "gives": "agent", "also": ["new", "createAsync"]},
            "builder": {"starts": "agent"},
            "list": {"calls": "agent.list", "takes": []},
            "get": {"calls": "agent.get", "takes": ["name"], "gives": "agent"},
        },
        "Tool": {
            "list": {"calls": "tool.list", "takes": [], "gives": "tool", "many": True},
            "get": {"calls": "tool.get", "takes": ["name"], "gives": "tool"},
            "execute": {"calls": "tool.invoke", "takes": ["name", "parameters"], "also": ["invoke"]},
            "executeAsync": {"calls": "tool.invoke", "takes": ["name", "parameters"], "caught": True},
            "exists": {"calls": "tool.exists", "takes": ["name"]},
            "categories": {"calls": "tool.categories", "takes": []},
            "discover": {"calls": "tool.discover", "takes": ["filter"], "gives": "tool", "many": True},
        },
        "Provider": {
            "list": {"calls": "provider.list", "takes": []},
            "get": {"calls": "provider.get", "takes": ["name"]},
            "isAvailable": {"calls": "provider.is_available", "takes": ["name"], "also": ["is_available"]},
            "getCapabilities": {"calls": "provider.capabilities", "takes": ["name"], "also": ["get_capabilities"]},
        },
        "Media": {
            "image": {"makes": {"type": "image"}, "takes": _DATA},
            "audio": {"makes": {"type": "audio"}, "takes": _DATA},
            "video": {"makes": {"type": "video"}, "takes": _DATA},
            "binary": {"makes": {"type": "binary"}, "takes": ["data", "mime_type", "filename"]},
            "text": {"makes": {"type": "text"}, "takes": ["text"]},
        },
        "Log": _LOG,
        "Logger": _LOG,
        "Config": {"get": {"calls": "config.get", "takes": ["path", "default"]}},
    },
    "functions": {"sleep": {"calls": "sleep", "takes": ["seconds"]}},
    "same": {},
    "objects": {
        "agent": {
            "named": "name",
            "methods": {
                "execute": {"calls": "agent.execute", "takes": ["input"], "also": ["invoke"]},
                "stream": {"calls": "agent.stream", "takes": ["input"], **_STREAM},
                "invokeStream": {
                    "calls": "agent.stream",
                    "takes": ["input"],
                    "each": True,
                    "also": ["invoke_stream"],
                    **_STREAM,
                },
                "get_config": {"calls": "agent.config", "takes": [], "also": ["getConfig"]},
                "get_state": {"calls": "agent.get_state", "takes": [], "also": ["getState"]},
                "set_state": {"calls": "agent.set_state", "takes": ["state"], "also": ["setState"]},
                "get_metrics": {"calls": "agent.metrics", "takes": [], "also": ["getMetrics"]},
                "has_tool": {"calls": "agent.has_tool", "takes": ["name"], "also": ["hasTool"]},
                "reset": {"calls": "agent.reset", "takes": []},
            },
        },
        "tool": {
            "named": "name",
            "methods": {
                "execute": {"calls": "tool.invoke_object", "takes": ["parameters"], "also": ["invoke"]},
                "getSchema": {"calls": "tool.schema", "takes": [], "also": ["get_schema"]},
            },
        },
    },
    "builders": {
        "agent": {
            "sets": [
                "name", "description", "model", "provider", "system_prompt", "temperature", "max_tokens",
                "max_conversation_length", "tools", "base_url", "models", "answer_schema", "response_format",
                "max_tool_rounds", "max_calls", "max_tokens_total", "max_cost_usd",
            ],
            "appends": {"allow_tool": "tools"},
            "build": {"calls": "agent.create", "takes": ["config"], "gives": "agent"},
        }
    },
    "engine_made": ["JSON", "Streaming", "parallel"],
    "missing": [
        "Workflow", "RAG", "Memory", "State", "Session", "Event", "Hook", "Replay", "Artifact", "Template", "Context",
        "Debug", "Graph", "LocalLLM",
    ],
}  # fmt: skip
"""`missing` are globals of the later system: they raise on use and say so."""
