"""From options and configuration to a runtime: which engine, which limits, what is granted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from llmspell.capabilities.scripting import log_to_stderr
from llmspell.cli.terminal import complain
from llmspell.config import Configuration, load
from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.errors import UsageError, nearest
from llmspell.limits import Limits
from llmspell.policy import Policy, ToolGrant
from llmspell.providers.manager import ProviderManager
from llmspell.runtime import ScriptRuntime, factory_of
from llmspell.sandbox.require import DEFAULT, read_required
from llmspell.tools.catalog import builtin_tools
from llmspell.tools.tool import canonical

_LIMITS = {
    "memory": "memory", "cpu": "cpu", "wall": "wall", "output_bytes": "output", "calls": "calls",
    "model_calls": "model_calls", "tokens": "tokens", "cost": "cost",
}  # fmt: skip
"""Options, and the limits that they set."""


class Setup(NamedTuple):
    """All that a run is made of."""

    engine: EngineSpec
    limits: Limits
    policy: Policy
    providers: ProviderManager
    require: tuple[str, ...]
    log_from: str

    def runtime(self, *, stdin: Callable[[int], bytes] | None) -> ScriptRuntime:
        """The runtime; raises UsageError and SetupError."""
        return ScriptRuntime(
            self.engine,
            providers=self.providers,
            policy=self.policy,
            limits=self.limits,
            require=self.require,
            log=log_to_stderr(least=self.log_from),
            stdin=stdin,
        )


def prepare(name: str, first_line: bytes, options: Mapping[str, Any], *, sandboxed: bool, folder: str | None) -> Setup:
    """Reads the configuration and merges the options over it. Raises UsageError and ConfigError."""
    configuration = load(cwd=os.getcwd(), environ=os.environ, config_file=options["config_file"], sandboxed=sandboxed)
    for variable in configuration.ignored if not options["quiet"] else ():
        complain(
            f"{variable} is ignored here: the environment may lower limits of an untrusted script, and nothing else"
        )
    engines = factory_of(configuration.engines, configuration.origin)
    given = {limit: options[option] for option, limit in _LIMITS.items() if options[option] is not None}
    require = options["require"]
    return Setup(
        engine=choose_engine(engines, name, first_line, options["engine"], configuration),
        limits=configuration.limits._replace(**given),
        policy=_policy(configuration, options, sandboxed=sandboxed, folder=folder),
        providers=make_providers(configuration, options["model"], options["provider"]),
        require=read_required(require) if require is not None else DEFAULT if sandboxed else ("memory",),
        log_from="error" if options["quiet"] else ("warn", "info", "debug")[min(options["verbose"], 2)],
    )


def choose_engine(
    engines: EngineFactory, name: str, first_line: bytes, wanted: str | None, configuration: Configuration
) -> EngineSpec:
    """The engine that was asked for, or the one for the script."""
    return engines.get(wanted) if wanted else engines.for_script(name, first_line, configuration.engine)


def make_providers(configuration: Configuration, model: str | None, provider: str | None) -> ProviderManager:
    """The configured providers, with the default that an option may set."""
    chosen = model is not None or provider is not None
    return ProviderManager(
        configuration.providers,
        environ=os.environ,
        default_model=model if chosen else configuration.model,
        default_provider=provider if chosen else configuration.provider,
    )


def _policy(configuration: Configuration, options: Mapping[str, Any], *, sandboxed: bool, folder: str | None) -> Policy:
    policy = configuration.policy
    read = (*policy.read, *map(os.path.realpath, options["allow_read"]))
    write = (*policy.write, *map(os.path.realpath, options["allow_write"]))
    environment = {
        **policy.environment,
        **{name: os.environ[name] for name in options["allow_env"] if name in os.environ},
    }
    modules = policy.modules
    if sandboxed:
        modules = folder is not None and any(_within(os.path.realpath(folder), allowed) for allowed in read)
    return policy._replace(
        tools={**policy.tools, **dict(_tool_grant(text, configuration) for text in options["allow_tools"])},
        models=(*policy.models, *options["allow_models"]),
        read=read,
        write=write,
        environment=environment,
        modules=modules,
    )


def _within(folder: str, allowed: str) -> bool:
    return folder == allowed or folder.startswith(allowed.rstrip("/") + "/")


def _tool_grant(text: str, configuration: Configuration) -> tuple[str, ToolGrant]:
    name, equals, bounds = text.partition("=")
    name = canonical(name)
    known = list(builtin_tools())
    if name not in known:
        close = nearest(name, known)
        hint = f"did you mean {close}?" if close else f"known are: {', '.join(known)}"
        raise UsageError(f"--allow-tool: there is no tool {name[:60]!r}; {hint}")
    if not equals:
        return name, ToolGrant(configuration.tool_bounds.get(name))
    word, _, number = bounds.partition(":")
    if word != "max_calls" or not number.isascii() or not number.isdigit():
        raise UsageError(f"--allow-tool: {bounds[:60]!r} is no bound of a tool: write {name}=max_calls:3")
    return name, ToolGrant(int(number[:15]))
