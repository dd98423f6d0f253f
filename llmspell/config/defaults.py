"""The values that hold where nobody configures any, as settings: what `config show` shows below all others."""

from __future__ import annotations

from typing import Any

from llmspell.config.configuration import unconfigured
from llmspell.config.readers import Folders
from llmspell.config.schema import KEYS
from llmspell.config.tree import Origin, Setting, Tree, branch, overlay

ORIGIN = Origin("default", Folders("", ""), place="default")


def default_tree(*, sandboxed: bool) -> Tree:
    """The settings of `unconfigured()`, in the order of the table of keys; a key without a default is not in it."""
    configuration = unconfigured(sandboxed=sandboxed)
    policy = configuration.policy
    values: dict[str, Any] = {f"limits.{name}": value for name, value in configuration.limits._asdict().items()}
    values |= {
        "models.unknown_price": policy.unknown_price,
        "tools.grant": tuple(policy.tools),
        "grants.read": policy.read,
        "grants.write": policy.write,
        "grants.env": tuple(policy.environment),
        "grants.models": policy.models,
        "grants.hosts": policy.hosts,
        "grants.packages": policy.packages,
        "grants.modules": policy.modules,
    }
    tree: Tree = {}
    for key in KEYS:
        if key.path in values:
            tree = overlay(tree, branch(tuple(key.path.split(".")), Setting(values[key.path], ORIGIN, key)))
    return tree
