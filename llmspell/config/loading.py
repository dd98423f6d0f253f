"""The one way to a configuration: `load`.

This file keeps the promise of a cheap start: with no file and no `LLMSPELL_` variable it does a handful of
`lstat` calls and imports nothing more; everything else is behind the import of `assemble`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from llmspell.config.configuration import Configuration, unconfigured
from llmspell.config.discovery import SYSTEM_FILE, Source, discover, user_config_file

PREFIX = "LLMSPELL_"
CONFIG_VARIABLE = "LLMSPELL_CONFIG"


def load(
    *,
    cwd: str,
    environ: Mapping[str, str],
    config_file: str | None = None,
    sandboxed: bool = False,
    system_file: str = SYSTEM_FILE,
    user_file: str | None = None,
    store: str | None = None,
) -> Configuration:
    """The merged configuration, lowest to highest: defaults, system, user, project, environment.

    `config_file`, or else `LLMSPELL_CONFIG`, names the only file that is read, and it is trusted.
    `sandboxed` is for `sandbox` and `validate`: no file is read unless `config_file` names it, nothing is
    granted unless that file grants it, and of the environment only what lowers a limit is heeded.
    `user_file` and `store` (the record of trusted files) follow from `environ` unless given.

    Raises ConfigError for a file that cannot be read, an unknown key, a wrong value, and for what an
    untrusted project's file may not say.
    """
    sources = sources_of(
        cwd=cwd,
        environ=environ,
        config_file=config_file,
        sandboxed=sandboxed,
        system_file=system_file,
        user_file=user_file,
    )
    variables = variables_of(environ)
    if not sources and not variables:
        return unconfigured(sandboxed=sandboxed)
    from llmspell.config.assemble import assemble

    return assemble(
        sources,
        variables,
        cwd=os.path.abspath(cwd),
        environ=environ,
        sandboxed=sandboxed,
        store=store,
    )


def sources_of(
    *,
    cwd: str,
    environ: Mapping[str, str],
    config_file: str | None = None,
    sandboxed: bool = False,
    system_file: str = SYSTEM_FILE,
    user_file: str | None = None,
) -> list[Source]:
    """The files that `load` reads, lowest first."""
    named = config_file or (None if sandboxed else environ.get(CONFIG_VARIABLE))
    if named:
        return [Source(os.path.abspath(os.path.join(cwd, named)))]
    if sandboxed:
        return []
    return discover(cwd=cwd, system_file=system_file, user_file=user_file or user_config_file(environ))


def variables_of(environ: Mapping[str, str]) -> list[str]:
    """The variables that `load` reads as settings, in order."""
    return sorted(name for name in environ if name.startswith(PREFIX) and name != CONFIG_VARIABLE)
