"""From sources to a configuration: read, check, judge, merge, build.

This file keeps the order: a layer is judged against what lies below it before it is laid on top.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from llmspell.config.check import checked
from llmspell.config.configuration import Configuration, unconfigured
from llmspell.config.discovery import Source, home, trust_file
from llmspell.config.document import Document, read_document
from llmspell.config.environment import find_key, from_variable
from llmspell.config.parts import EngineConfig, ProviderConfig
from llmspell.config.readers import Folders
from llmspell.config.refusal import shown
from llmspell.config.schema import Project
from llmspell.config.tree import Origin, Setting, Tree, origins, overlay, plain, subtree
from llmspell.config.untrusted import overreach
from llmspell.limits import Limits
from llmspell.policy import Policy, ToolGrant


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
    tree: Tree = {}
    for source in sources:
        document = read_document(source.file, follow_links=not source.project)
        origin = Origin(source.file, Folders(os.path.dirname(source.file), home(environ)), document)
        layer = checked(document.table, origin)
        if source.project:
            _judge(layer, tree, origin, document, store or trust_file(environ))
        tree = overlay(tree, layer)
    tree, ignored = _with_variables(tree, variables, Folders(cwd, home(environ)), environ, sandboxed=sandboxed)
    built = _build(tree, environ, unconfigured(sandboxed=sandboxed).policy)
    return built._replace(files=tuple(source.file for source in sources), ignored=ignored)


def _with_variables(
    tree: Tree, variables: list[str], folders: Folders, environ: Mapping[str, str], *, sandboxed: bool
) -> tuple[Tree, tuple[str, ...]]:
    """The tree with the variables laid on top, and those that a sandboxed run does not heed."""
    ignored: list[str] = []
    for variable in variables:
        origin = Origin(variable, folders)
        path, key = find_key(variable, tree, origin)
        if sandboxed and key.project is not Project.LOWERS:
            ignored.append(variable)
            continue
        layer = from_variable(environ[variable], path, key, origin)
        if sandboxed and next(overreach(layer, tree), None) is not None:
            ignored.append(variable)
            continue
        tree = overlay(tree, layer)
    return tree, tuple(ignored)


def _judge(layer: Tree, lower: Tree, origin: Origin, document: Document, store: str) -> None:
    """Raises ConfigError if the file says what only a trusted one may, and the user has not trusted it."""
    wrong = next(overreach(layer, lower), None)
    if wrong is None:
        return
    import shlex

    from llmspell.config.trust import TrustStore

    if TrustStore(store).is_trusted(document.file, document.content):
        return
    path, problem = wrong
    file = shlex.quote(shown(document.file, longest=4096))
    raise origin.refuse(
        path,
        f"{problem} by a project's file that you have not trusted: read it, "
        f"then run `llmspell config trust {file}`, or name it with `--config {file}`",
    )


def _build(tree: Tree, environ: Mapping[str, str], default: Policy) -> Configuration:
    values = plain(tree)
    tools = values.get("tools", {})
    bounds = {name: tool["max_calls"] for name, tool in tools.items() if name != "grant" and "max_calls" in tool}
    return Configuration(
        policy=_policy(values, bounds, environ, default),
        limits=Limits(**values.get("limits", {})),
        engine=values.get("engine"),
        model=values.get("model"),
        provider=values.get("provider"),
        providers=_providers(tree),
        engines={name: EngineConfig(name, **engine) for name, engine in values.get("engines", {}).items()},
        tool_bounds=bounds,
        origins=origins(tree),
    )


def _policy(values: dict[str, Any], bounds: dict[str, int], environ: Mapping[str, str], default: Policy) -> Policy:
    """What is granted: each part that is configured, and of the rest the default."""
    grants = values.get("grants", {})
    names = values.get("tools", {}).get("grant", tuple(default.tools))
    return Policy(
        tools={name: ToolGrant(bounds.get(name)) for name in names},
        models=grants.get("models", default.models),
        read=grants.get("read", ()),
        write=grants.get("write", ()),
        environment={name: environ[name] for name in grants.get("env", ()) if name in environ},
        modules=grants.get("modules", default.modules),
        config=values.get("script", {}),
    )


def _providers(tree: Tree) -> dict[str, ProviderConfig]:
    providers: dict[str, ProviderConfig] = {}
    for name, provider in subtree(tree, "providers").items():
        assert isinstance(provider, dict)
        if "type" not in provider:
            first = next((below.origin for below in provider.values() if isinstance(below, Setting)), None)
            where = first or Origin("the configuration", Folders("", ""))
            raise where.refuse(("providers", name), 'has no type: write type = "echo" or type = "litellm"')
        providers[name] = ProviderConfig(name, **plain(provider))
    return providers
