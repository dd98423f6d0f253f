"""What the files and variables say, laid on one another: the way to a configuration, and what is wrong on it.

This file keeps the order: a layer is judged against what lies below it before it is laid on top.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from llmspell.config.check import checked
from llmspell.config.discovery import Source, home, trust_file
from llmspell.config.document import Document, read_document
from llmspell.config.environment import find_key, from_variable
from llmspell.config.readers import Folders
from llmspell.config.refusal import Refusal, Report, shown
from llmspell.config.schema import Project
from llmspell.config.tree import Origin, Setting, Tree, overlay, subtree, without
from llmspell.config.untrusted import overreach


class Survey(NamedTuple):
    """The merged settings, and the variables that a sandboxed run does not heed."""

    tree: Tree
    ignored: tuple[str, ...]


def survey(
    sources: list[Source],
    variables: list[str],
    *,
    cwd: str,
    environ: Mapping[str, str],
    sandboxed: bool,
    store: str | None,
    report: Report,
) -> Survey:
    """The layers of these files, lowest first, and of these variables above them; see `load`.

    Each fault is reported. If that raises nothing, what is wrong is left out and the rest counts.
    """
    tree: Tree = {}
    files: list[Origin] = []
    for source in sources:
        try:
            document = read_document(source.file, follow_links=not source.project)
        except Refusal as fault:
            report(fault)
            continue
        origin = Origin(source.file, Folders(os.path.dirname(source.file), home(environ)), document, source.place)
        files.append(origin)
        layer = checked(document.table, origin, report)
        if source.project:
            layer = _judged(layer, tree, origin, document, store or trust_file(environ), report)
        tree = overlay(tree, layer)
    tree, ignored = _with_variables(
        tree, variables, Folders(cwd, home(environ)), environ, sandboxed=sandboxed, report=report
    )
    return Survey(_whole(tree, files, report), ignored)


def _judged(layer: Tree, lower: Tree, origin: Origin, document: Document, store: str, report: Report) -> Tree:
    """What counts of a project's file: all if the user has trusted it, else what an untrusted one may say."""
    wrong = list(overreach(layer, lower))
    if not wrong:
        return layer
    import shlex

    from llmspell.config.trust import TrustStore

    try:
        if TrustStore(store).is_trusted(document.file, document.content):
            return layer
    except Refusal as fault:
        report(fault)
    file = shlex.quote(shown(document.file, longest=4096))
    advice = f"read it, then run `llmspell config trust {file}`, or name it with `--config {file}`"
    for path, problem in wrong:
        report(origin.refuse(path, f"{problem} by a project's file that you have not trusted", advice))
        layer = without(layer, path)
    return layer


def _with_variables(
    tree: Tree,
    variables: list[str],
    folders: Folders,
    environ: Mapping[str, str],
    *,
    sandboxed: bool,
    report: Report,
) -> tuple[Tree, tuple[str, ...]]:
    """The tree with the variables laid on top, and those that a sandboxed run does not heed."""
    ignored: list[str] = []
    for variable in variables:
        origin = Origin(variable, folders)
        try:
            path, key = find_key(variable, tree, origin)
            if sandboxed and key.project is not Project.LOWERS:
                ignored.append(variable)
                continue
            layer = from_variable(environ[variable], path, key, origin)
        except Refusal as fault:
            report(fault)
            continue
        if sandboxed and next(overreach(layer, tree), None) is not None:
            ignored.append(variable)
            continue
        tree = overlay(tree, layer)
    return tree, tuple(ignored)


def _whole(tree: Tree, files: list[Origin], report: Report) -> Tree:
    """The tree without the aliases that are names of providers, and the providers that lack a type."""
    names = {"echo", *subtree(tree, "providers")}
    for name, alias in subtree(tree, "aliases").items():
        if name in names and isinstance(alias, Setting):
            report(alias.origin.refuse(("aliases", name), "is the name of a provider: choose another one"))
            tree = without(tree, ("aliases", name))
    for name, provider in subtree(tree, "providers").items():
        assert isinstance(provider, dict)
        if "type" not in provider:
            path = ("providers", name)
            first = next((below.origin for below in provider.values() if isinstance(below, Setting)), None)
            where = first or next(origin for origin in files if origin.line_of(path))  # no variable names a table
            report(where.refuse(path, 'has no type: write type = "echo" or type = "litellm"'))
            tree = without(tree, path)
    return tree
