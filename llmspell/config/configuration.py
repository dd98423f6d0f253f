"""What the configuration came to: one immutable value, handed to the runtime.

This file keeps the rule that it is cheap: it is imported by every run, so its parts live in `parts.py`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell.limits import Limits
from llmspell.policy import Policy, ToolGrant, default_policy

if TYPE_CHECKING:
    from llmspell.config.parts import EngineConfig, ProviderConfig


class Configuration(NamedTuple):
    """Every value, merged. Without a file, a variable or an option it is `unconfigured()`."""

    policy: Policy
    limits: Limits = Limits()
    engine: str | None = None
    """The engine for a script that neither its suffix nor its first line decides."""
    model: str | None = None
    """The model for an agent that names none: `provider/model`, or a model of `provider`."""
    provider: str | None = None
    providers: "Mapping[str, ProviderConfig]" = {}
    aliases: Mapping[str, tuple[str, ...]] = {}
    """Short names for models: each leads to one `provider/model`, or to several that are tried in turn."""
    engines: "Mapping[str, EngineConfig]" = {}
    tool_bounds: Mapping[str, ToolGrant] = {}
    """The bounds of every tool that has one, granted or not: for grants that an option adds."""
    validate: Mapping[str, Any] = {}
    """What `[validate]` says: `include`, `exclude`, `off` and `strict`, where they are there."""
    origins: Mapping[str, str] = {}
    """By dotted key: the file or variable that set it. A default has no entry; see `origin`."""
    files: tuple[str, ...] = ()
    """The files that were read, lowest first."""
    ignored: tuple[str, ...] = ()
    """The `LLMSPELL_*` variables that a sandboxed run did not heed, because they could widen something."""

    def origin(self, key: str) -> str:
        """Where a dotted key's value, or a table's first one, came from: a file, a variable, or `default`."""
        if key in self.origins:
            return self.origins[key]
        return next((where for name, where in self.origins.items() if name.startswith(key + ".")), "default")


def unconfigured(*, sandboxed: bool) -> Configuration:
    """The configuration of someone who has none: `default_policy()`, or for `sandbox` no grant at all."""
    return Configuration(policy=Policy() if sandboxed else default_policy())
