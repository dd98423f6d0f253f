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
    named = config_file or (None if sandboxed else environ.get(CONFIG_VARIABLE))
    sources: list[Source] = []
    if named:
        sources = [Source(os.path.abspath(os.path.join(cwd, named)))]
    elif not sandboxed:
        sources = discover(cwd=cwd, system_file=system_file, user_file=user_file or user_config_file(environ))
    variables = [name for name in environ if name.startswith(PREFIX) and name != CONFIG_VARIABLE]
    if not sources and not variables:
        return unconfigured(sandboxed=sandboxed)
    from llmspell.config.assemble import assemble

    return assemble(
        sources,
        sorted(variables),
        cwd=os.path.abspath(cwd),
        environ=environ,
        sandboxed=sandboxed,
        store=store,
    )
