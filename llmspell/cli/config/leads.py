"""Names in a well-formed configuration that lead nowhere: what a run would find out only on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator

from llmspell.cli.setup import make_providers
from llmspell.config.assemble import build
from llmspell.config.configuration import Configuration
from llmspell.config.refusal import Refusal
from llmspell.config.tree import Setting, Tree, settings, subtree
from llmspell.engines.configured import factory_of
from llmspell.errors import CallError, LlmspellError, nearest
from llmspell.tools.catalog import builtin_tools


def lead_nowhere(tree: Tree) -> Iterator[Refusal]:
    """What is wrong with the names in a tree without other faults."""
    configuration = build(tree, os.environ, sandboxed=False)
    yield from _tools(tree)
    yield from _engine(tree, configuration)
    yield from _providers(tree, configuration)


def _tools(tree: Tree) -> Iterator[Refusal]:
    """Tools that are granted, or bounded, and are not there: a bound under a wrong name would hold nothing."""
    known = list(builtin_tools())
    for path, setting in settings(subtree(tree, "tools"), ("tools",)):
        for name in setting.value if path == ("tools", "grant") else (path[1],):
            if name not in known:
                yield setting.origin.refuse(path, f"there is no tool {name!r}; {_hint(name, known)}")


def _engine(tree: Tree, configuration: Configuration) -> Iterator[Refusal]:
    setting = _setting(tree, ("engine",))
    if setting is None:
        return
    try:
        factory_of(configuration).get(setting.value)
    except LlmspellError as error:
        yield setting.origin.refuse(("engine",), str(error))


def _providers(tree: Tree, configuration: Configuration) -> Iterator[Refusal]:
    """A default model, and models of aliases, that nobody could answer for. No network is reached."""
    default = _setting(tree, ("model",)) or _setting(tree, ("provider",))
    try:
        providers = make_providers(configuration, None, None)
    except LlmspellError as error:
        for name in configuration.providers:
            setting = _setting(tree, ("providers", name, "type"))
            if setting is not None and repr(name) in str(error):
                yield setting.origin.refuse(("providers", name, "type"), str(error))
                return
        raise
    if default is not None:
        try:
            providers.check_default()
        except CallError as error:
            yield default.origin.refuse((default.key.path,), error.message)
    for name, models in configuration.aliases.items():
        setting = _setting(tree, ("aliases", name))
        for model in models if setting is not None else ():
            try:
                make_providers(configuration, model, None).check_default()
            except CallError as error:
                assert setting is not None
                yield setting.origin.refuse(("aliases", name), error.message)


def _setting(tree: Tree, path: tuple[str, ...]) -> Setting | None:
    node: Tree | Setting | None = tree
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, Setting) else None


def _hint(name: str, known: list[str]) -> str:
    close = nearest(name, known)
    return f"did you mean {close}?" if close else f"known are: {', '.join(known)}"
