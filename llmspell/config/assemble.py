"""From merged settings to a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.config.configuration import Configuration, unconfigured
from llmspell.config.discovery import Source
from llmspell.config.parts import EngineConfig, ProviderConfig
from llmspell.config.refusal import raised
from llmspell.config.survey import survey
from llmspell.config.tree import Tree, origins, plain
from llmspell.limits import Limits
from llmspell.policy import ModelGrant, Policy, ToolGrant


def assemble(
    sources: list[Source],
    variables: list[str],
    *,
    cwd: str,
    environ: Mapping[str, str],
    sandboxed: bool,
    store: str | None,
) -> Configuration:
    """The configuration of these files, lowest first, and of these variables above them; see `load`."""
    found = survey(sources, variables, cwd=cwd, environ=environ, sandboxed=sandboxed, store=store, report=raised)
    built = build(found.tree, environ, sandboxed=sandboxed)
    return built._replace(files=tuple(source.file for source in sources), ignored=found.ignored)


def build(tree: Tree, environ: Mapping[str, str], *, sandboxed: bool) -> Configuration:
    """The configuration of a tree without faults."""
    default = unconfigured(sandboxed=sandboxed).policy
    values = plain(tree)
    tools = values.get("tools", {})
    bounds = {name: ToolGrant(**bound) for name, bound in tools.items() if name != "grant" and bound}
    return Configuration(
        policy=_policy(values, bounds, environ, default),
        limits=Limits(**values.get("limits", {})),
        engine=values.get("engine"),
        model=values.get("model"),
        provider=values.get("provider"),
        providers={name: ProviderConfig(name, **each) for name, each in values.get("providers", {}).items()},
        aliases=values.get("aliases", {}),
        engines={name: EngineConfig(name, **engine) for name, engine in values.get("engines", {}).items()},
        tool_bounds=bounds,
        validate=values.get("validate", {}),
        origins=origins(tree),
    )


def _policy(
    values: dict[str, Any], bounds: Mapping[str, ToolGrant], environ: Mapping[str, str], default: Policy
) -> Policy:
    """What is granted: each part that is configured, and of the rest the default."""
    grants = values.get("grants", {})
    models = values.get("models", {})
    names = values.get("tools", {}).get("grant", tuple(default.tools))
    return Policy(
        tools={name: bounds.get(name, ToolGrant()) for name in names},
        models=grants.get("models", default.models),
        read=grants.get("read", ()),
        write=grants.get("write", ()),
        environment={name: environ[name] for name in grants.get("env", ()) if name in environ},
        modules=grants.get("modules", default.modules),
        config=values.get("script", {}),
        model_bounds={
            pattern: ModelGrant(**bound) for pattern, bound in models.items() if pattern != "unknown_price" and bound
        },
        hosts=grants.get("hosts", ()),
        packages=grants.get("packages", ()),
        unknown_price=models.get("unknown_price", default.unknown_price),
    )
