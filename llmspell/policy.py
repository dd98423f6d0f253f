"""What a script may ask for: grants, decided by name and by value, and by nothing else."""

import fnmatch
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from llmspell.errors import UsageError

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


_LISTS = {"models": "patterns", "read": "paths", "write": "paths", "hosts": "hosts", "packages": "packages"}
_BOUNDED: dict[str, type[ToolGrant] | type[ModelGrant]] = {"tools": ToolGrant, "model_bounds": ModelGrant}
_WHOLE = ("max_calls", "max_tokens")


def check_policy(policy: object) -> Policy:
    """The same policy. Raises UsageError for one that would grant something else than it says: a text where several
    are due is its letters, and among those of `/home/ada` and of `openai/*` are the whole disk and every model."""
    if not isinstance(policy, Policy):
        raise UsageError(f"{policy!r:.60} is no Policy")
    for name, what in _LISTS.items():
        given = getattr(policy, name)
        if isinstance(given, str | bytes) or not isinstance(given, Collection):
            raise UsageError(f"the policy's {name} is {given!r:.60}: it is a tuple of {what}, like ({given!r:.60},)")
        for one in given:
            if not isinstance(one, str):
                raise UsageError(f"the policy's {name} has {one!r:.60}, which is no text")
            if what == "paths" and not one.startswith("/"):
                raise UsageError(f"the policy's {name} has {one!r:.60}: a path that is granted begins with /")
    for name, kind in _BOUNDED.items():
        grants = getattr(policy, name)
        if not isinstance(grants, Mapping):
            raise UsageError(f"the policy's {name} is no map of names to {kind.__name__}: {grants!r:.60}")
        for of, grant in grants.items():
            if not isinstance(grant, kind):
                raise UsageError(f"the policy's {name} has {grant!r:.60} for {of!r:.60}: it is to be a {kind.__name__}")
            _check_bounds(grant, f"the grant of {of!r:.60}")
    for variable in policy.environment.items():
        if not all(isinstance(text, str) for text in variable):
            raise UsageError(f"the policy's environment has a name or a value that is no text: {variable[0]!r:.60}")
    return policy


def _check_bounds(grant: ToolGrant | ModelGrant, whose: str) -> None:
    for name, bound in grant._asdict().items():
        kinds = int if name in _WHOLE else (int, float)
        if bound is not None and (not isinstance(bound, kinds) or isinstance(bound, bool) or not 0 <= bound < math.inf):
            what = "whole number" if name in _WHOLE else "finite number"
            raise UsageError(f"{name} of {whose} is {bound!r:.40}: it is a {what} from 0 on, or None")
