"""Every key of a configuration, as one table of data.

This file keeps the rule of who may say what: a key that does not say otherwise is closed to a project's
file that the user has not trusted. Documentation, checks, environment variables and trust are all read
off this table.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple, Union


class Kind(enum.Enum):
    """How a value is written and read; see `kinds.py`."""

    NAME = enum.auto()
    TEXT = enum.auto()
    FLAG = enum.auto()
    SIZE = enum.auto()
    COUNT = enum.auto()
    SECONDS = enum.auto()
    DELAY = enum.auto()
    MONEY = enum.auto()
    URL = enum.auto()
    VARIABLE = enum.auto()
    PROVIDER_TYPE = enum.auto()
    NAMES = enum.auto()
    TOOLS = enum.auto()
    PATHS = enum.auto()
    VARIABLES = enum.auto()
    SUFFIXES = enum.auto()
    COMMAND = enum.auto()
    ANSWERS = enum.auto()
    TABLE = enum.auto()


class Project(enum.Enum):
    """What a project's file may do to a key before it is trusted."""

    NOTHING = enum.auto()
    LOWERS = enum.auto()
    SETS = enum.auto()


class Key(NamedTuple):
    """One key. In `path` a `*` stands for a name that the user chooses."""

    path: str
    kind: Kind
    says: str
    project: Project = Project.NOTHING


KEYS = (
    Key("engine", Kind.NAME, "the engine, when neither suffix nor `#!` line decides", Project.SETS),
    Key(
        "model",
        Kind.NAME,
        "the model of an agent that names none: `provider/model`, or a model of `provider`",
    ),
    Key("provider", Kind.NAME, "the provider of a model that names none"),
    Key("limits.memory", Kind.SIZE, "the whole worker process", Project.LOWERS),
    Key("limits.cpu", Kind.SECONDS, "processor time", Project.LOWERS),
    Key("limits.wall", Kind.SECONDS, "time that passes", Project.LOWERS),
    Key("limits.output", Kind.SIZE, "what the script prints", Project.LOWERS),
    Key("limits.calls", Kind.COUNT, "calls of every kind", Project.LOWERS),
    Key("limits.model_calls", Kind.COUNT, "calls to models", Project.LOWERS),
    Key("limits.tokens", Kind.COUNT, "tokens, sent and received", Project.LOWERS),
    Key("limits.cost", Kind.MONEY, "what the models cost, in US dollars", Project.LOWERS),
    Key("limits.tool_seconds", Kind.SECONDS, "one call of a tool", Project.LOWERS),
    Key("limits.source", Kind.SIZE, "the script's source", Project.LOWERS),
    Key("limits.kept", Kind.SIZE, "what the host keeps for a script", Project.LOWERS),
    Key("limits.open_arguments", Kind.SIZE, "arguments of the calls that are open at once", Project.LOWERS),
    Key("limits.name_bytes", Kind.COUNT, "one name that a script gives", Project.LOWERS),
    Key("providers.*.type", Kind.PROVIDER_TYPE, "which kind of provider it is; required"),
    Key("providers.*.base_url", Kind.URL, "where an OpenAI-compatible server listens"),
    Key("providers.*.api_key_env", Kind.VARIABLE, "the variable that holds the key"),
    Key("providers.*.default_model", Kind.NAME, "the model when a script names only the provider"),
    Key("providers.*.models", Kind.NAMES, "the models it offers"),
    Key("providers.*.timeout_seconds", Kind.SECONDS, "how long one model call may take"),
    Key("providers.*.answers", Kind.ANSWERS, "`echo`: canned answers"),
    Key("providers.*.fail", Kind.TEXT, "`echo`: every call fails with this message"),
    Key("providers.*.delay_seconds", Kind.DELAY, "`echo`: how long an answer takes"),
    Key("tools.grant", Kind.TOOLS, "the tools that are granted, and no others"),
    Key("tools.*.max_calls", Kind.COUNT, "how often one run may call this tool"),
    Key("grants.read", Kind.PATHS, "files and folders that tools may read"),
    Key("grants.write", Kind.PATHS, "files and folders that tools may write"),
    Key("grants.env", Kind.VARIABLES, "environment variables that a script may read"),
    Key("grants.models", Kind.NAMES, "models that a script may call, as patterns over `provider/model`"),
    Key("grants.modules", Kind.FLAG, "whether modules beside the script may be loaded"),
    Key("engines.*.command", Kind.COMMAND, "starts the worker of an engine"),
    Key("engines.*.needs", Kind.PATHS, "files and folders that its worker reads; with it, the worker is confined"),
    Key("engines.*.suffixes", Kind.SUFFIXES, "file names that belong to the engine"),
    Key("engines.*.settings", Kind.TABLE, "what the engine is told"),
    Key("script", Kind.TABLE, "what `Config.get` shows to a script", Project.SETS),
)

OPEN_TO_PROJECTS = frozenset(key.path.split(".")[0] for key in KEYS if key.project is not Project.NOTHING)
"""The first names of the keys that an untrusted project's file may use at all."""


class NameRule(NamedTuple):
    """What a name that stands for `*` looks like."""

    pattern: re.Pattern[str]
    expected: str


_PLAIN = NameRule(
    re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    "a name of a-z, 0-9, dot, dash and underscore, at most 64 characters",
)
NAME_RULES = {
    "providers": _PLAIN,
    "engines": _PLAIN,
    "tools": NameRule(re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}"), "the name of a tool, at most 200 characters"),
}

Shape = dict[str, Union["Shape", Key]]


def _shape() -> Shape:
    root: Shape = {}
    for key in KEYS:
        *tables, last = key.path.split(".")
        node = root
        for name in tables:
            below = node.setdefault(name, {})
            assert isinstance(below, dict)
            node = below
        node[last] = key
    return root


SHAPE = _shape()
"""The table as a tree: a dict for each table, a Key for each value."""
