"""Every key of a configuration, as one table of data.

This file keeps the rule of who may say what: a key that does not say otherwise is closed to a project's
file that the user has not trusted. Documentation, checks, environment variables and trust are all read
off this table.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple, Union

from llmspell.engines.builtin import DEFAULT_ENGINE


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
    RETRIES = enum.auto()
    RATE = enum.auto()
    PRICES = enum.auto()
    OPTIONS = enum.auto()
    MODELS = enum.auto()
    NAMES = enum.auto()
    HOSTS = enum.auto()
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
    """One key. In `path` a `*` stands for a name that the user chooses; `example` is a value as TOML writes it."""

    path: str
    kind: Kind
    says: str
    example: str
    project: Project = Project.NOTHING


KEYS = (
    Key(
        "engine",
        Kind.NAME,
        "the engine, when neither suffix nor `#!` line decides",
        f'"{DEFAULT_ENGINE}"',
        Project.SETS,
    ),
    Key(
        "model",
        Kind.NAME,
        "the model of an agent that names none: an alias, `provider/model`, or a model of `provider`",
        '"fast"',
    ),
    Key("provider", Kind.NAME, "the provider of a model that names none", '"near"'),
    Key("aliases.*", Kind.MODELS, "a short name for a model, or for several that are tried in turn", '"near/small"'),
    Key("limits.memory", Kind.SIZE, "the whole worker process", '"50M"', Project.LOWERS),
    Key("limits.cpu", Kind.SECONDS, "processor time", "30", Project.LOWERS),
    Key("limits.wall", Kind.SECONDS, "time that passes", "300", Project.LOWERS),
    Key("limits.output", Kind.SIZE, "what the script prints", '"16M"', Project.LOWERS),
    Key("limits.calls", Kind.COUNT, "calls of every kind", "10_000", Project.LOWERS),
    Key("limits.model_calls", Kind.COUNT, "calls to models", "100", Project.LOWERS),
    Key("limits.tokens", Kind.COUNT, "tokens, sent and received", "200_000", Project.LOWERS),
    Key("limits.cost", Kind.MONEY, "what the models cost, in US dollars", "1.0", Project.LOWERS),
    Key("limits.tool_seconds", Kind.SECONDS, "one call of a tool", "60", Project.LOWERS),
    Key("limits.source", Kind.SIZE, "the script's source", '"10M"', Project.LOWERS),
    Key("limits.kept", Kind.SIZE, "what the host keeps for a script", '"16M"', Project.LOWERS),
    Key(
        "limits.open_arguments",
        Kind.SIZE,
        "arguments of the calls that are open at once",
        '"8M"',
        Project.LOWERS,
    ),
    Key("limits.name_bytes", Kind.COUNT, "one name that a script gives", "200", Project.LOWERS),
    Key("providers.*.type", Kind.PROVIDER_TYPE, "which kind of provider it is; required", '"litellm"'),
    Key(
        "providers.*.base_url",
        Kind.URL,
        "where an OpenAI-compatible server listens",
        '"http://localhost:8000/v1"',
    ),
    Key("providers.*.api_key_env", Kind.VARIABLE, "the variable that holds the key", '"NEAR_KEY"'),
    Key("providers.*.default_model", Kind.NAME, "the model when a script names only the provider", '"small"'),
    Key("providers.*.models", Kind.NAMES, "the models it offers", '["small", "large"]'),
    Key(
        "providers.*.timeout_seconds",
        Kind.SECONDS,
        "how long it may be silent, and how long an answer that is not streamed may take",
        "60",
    ),
    Key("providers.*.max_retries", Kind.RETRIES, "how often a call that failed in a passing way is sent again", "2"),
    Key("providers.*.requests_per_minute", Kind.RATE, "how many requests may begin in any minute", "60"),
    Key(
        "providers.*.prices",
        Kind.PRICES,
        "US dollars per million tokens by model, `*` for every other one",
        "{ small = { prompt = 0.1, completion = 0.4 } }",
    ),
    Key("providers.*.options", Kind.OPTIONS, "what a provider of a plugin is told", '{ region = "north" }'),
    Key("providers.*.answers", Kind.ANSWERS, "`echo`: canned answers", '{ "What is 2 + 2?" = "4" }'),
    Key("providers.*.fail", Kind.TEXT, "`echo`: every call fails with this message", '"out of order"'),
    Key("providers.*.delay_seconds", Kind.DELAY, "`echo`: how long an answer takes", "0.5"),
    Key("models.*.max_calls", Kind.COUNT, "how often one run may call the models of this pattern", "20"),
    Key("models.*.max_tokens", Kind.COUNT, "what one run may send to them and receive", "50_000"),
    Key("models.*.max_cost", Kind.MONEY, "what they may cost one run, in US dollars", "0.5"),
    Key(
        "models.unknown_price",
        Kind.MONEY,
        "charged where no price is known: US dollars per million tokens",
        "10.0",
    ),
    Key("tools.grant", Kind.TOOLS, "the tools that are granted, and no others", '["calculator", "json-processor"]'),
    Key("tools.*.max_calls", Kind.COUNT, "how often one run may call this tool", "5"),
    Key("tools.*.max_seconds", Kind.SECONDS, "how long one call of this tool may take", "10"),
    Key("grants.read", Kind.PATHS, "files and folders that tools may read", '["fixtures"]'),
    Key("grants.write", Kind.PATHS, "files and folders that tools may write", '["out"]'),
    Key("grants.env", Kind.VARIABLES, "environment variables that a script may read", '["LANG"]'),
    Key(
        "grants.models",
        Kind.NAMES,
        "models that a script may call, as patterns over `provider/model`",
        '["near/*"]',
    ),
    Key("grants.hosts", Kind.HOSTS, "hosts that a script may name as the `base_url` of an agent", '["localhost:8000"]'),
    Key("grants.packages", Kind.NAMES, "installed packages that scripts in Python may import", '["numpy"]'),
    Key("grants.modules", Kind.FLAG, "whether modules beside the script may be loaded", "true"),
    Key("engines.*.command", Kind.COMMAND, "starts the worker of an engine", '["bin/forth-worker", "--quiet"]'),
    Key(
        "engines.*.needs",
        Kind.PATHS,
        "files and folders that its worker reads; with it, the worker is confined",
        '["/usr/share/forth"]',
    ),
    Key("engines.*.suffixes", Kind.SUFFIXES, "file names that belong to the engine", '[".fs"]'),
    Key("engines.*.settings", Kind.TABLE, "what the engine is told", "{ stack = 64 }"),
    Key("validate.include", Kind.NAMES, "globs: `validate` checks those of a folder's scripts", '["spells/**"]'),
    Key("validate.exclude", Kind.NAMES, "globs: `validate` leaves these scripts of a folder out", '["spells/old/**"]'),
    Key("validate.off", Kind.NAMES, "rules by which `validate` says nothing", '["invisible-character"]'),
    Key("validate.strict", Kind.FLAG, "whether a warning fails a script in `validate`", "true"),
    Key("script", Kind.TABLE, "what `Config.get` shows to a script", '{ greeting = "hello" }', Project.SETS),
)

EXAMPLE_NAMES = {
    "aliases": "fast",
    "providers": "near",
    "models": "near/*",
    "tools": "calculator",
    "engines": "forth",
}
"""By table: the name that stands for `*` in examples."""

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
    "aliases": _PLAIN,
    "models": NameRule(
        re.compile(r"(?=.*[/*])[!-~]{1,200}"), "a pattern over `provider/model`, like openai/*, at most 200 characters"
    ),
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
