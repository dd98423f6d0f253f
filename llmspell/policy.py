"""What a script may ask for: grants, decided by name and by value, and by nothing else."""

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

PURE_TOOLS = (
    "base64-encoder",
    "calculator",
    "datetime-handler",
    "hash-calculator",
    "json-processor",
    "text-manipulator",
    "uuid-generator",
)
"""The built-in tools without side effects, which `run` grants when no configuration says otherwise."""

UNKNOWN_PRICE = 10.0
"""USD per million tokens: over what most models cost, questions and answers taken together."""


class ToolGrant(NamedTuple):
    """One tool is granted. `max_calls` bounds it alone: one call more raises `budget` in the script. `max_seconds` is
    how long one call may take, where that is less than the limit of every tool: then it raises `timeout`."""

    max_calls: int | None = None
    max_seconds: float | None = None


class ModelGrant(NamedTuple):
    """What the models that one pattern grants may take together; more raises `budget` in the script."""

    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None


class Policy(NamedTuple):
    """What a run grants. Names and patterns; paths are absolute. The empty policy refuses everything.

    `models` are shell patterns over `provider/model`; `tools` maps canonical (kebab-case) names to grants;
    `read` and `write` are folders or files; `env` are names whose values are in `environment`.
    """

    tools: Mapping[str, ToolGrant] = {}
    models: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    modules: bool = False
    """Whether modules beside the script may be loaded."""
    config: Mapping[str, Any] = {}
    """What `Config.get` shows: the `[script]` table of the configuration."""
    model_bounds: Mapping[str, ModelGrant] = {}
    """Bounds by pattern: each that covers a model holds for its calls, whatever else grants the model."""
    hosts: tuple[str, ...] = ()
    """Where a script's agents may send questions by a `base_url` of its own: `host` or `host:port`."""
    unknown_price: float = UNKNOWN_PRICE
    """What is charged where no price is known: USD per million tokens, sent and received alike."""
    packages: tuple[str, ...] = ()
    """Installed packages, by the names that pip has for them, whose modules a script in Python may import; with what
    they require. Another engine takes none."""

    def grants_model(self, specifier: str) -> bool:
        """Whether `provider/model` is granted."""
        return any(fnmatch.fnmatchcase(specifier, pattern) for pattern in self.models)

    def with_tools(self, names: Iterable[str]) -> "Policy":
        """The same policy with the named tools granted without a bound of their own."""
        return self._replace(tools={**self.tools, **{name: ToolGrant() for name in names}})


def default_policy() -> Policy:
    """What `run` grants without a configuration: tools without side effects, every model, modules beside the script."""
    return Policy(modules=True, models=("*",)).with_tools(PURE_TOOLS)
