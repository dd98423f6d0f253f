"""From options and configuration to a runtime: which engine, which limits, what is granted."""

import os
from collections.abc import Callable
from typing import NamedTuple

from llmspell.capabilities.scripting import log_to_stderr
from llmspell.cli.choices import Choices
from llmspell.cli.folder import whole_paths, working_folder
from llmspell.cli.grants import check_tool, model_grant, tool_grant
from llmspell.cli.terminal import complain
from llmspell.config import Configuration, load
from llmspell.config.refusal import dotted
from llmspell.engines.configured import factory_of
from llmspell.engines.factory import EngineSpec
from llmspell.errors import CallError, UsageError
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.runtime import ScriptRuntime
from llmspell.sandbox.require import DEFAULT, read_required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.cli.spinner import Spinner
    from llmspell.providers.manager import ProviderManager


class Setup(NamedTuple):
    """All that a run is made of."""

    engine: EngineSpec
    limits: Limits
    policy: Policy
    providers: "Callable[[], ProviderManager]"
    require: tuple[str, ...]
    log_from: str

    def runtime(self, *, stdin: Callable[[int], bytes] | None, spinner: "Spinner | None" = None) -> ScriptRuntime:
        """The runtime; raises UsageError and SetupError."""
        log = log_to_stderr(least=self.log_from)
        return ScriptRuntime(
            self.engine,
            providers=self.providers,
            policy=self.policy,
            limits=self.limits,
            require=self.require,
            log=log if spinner is None else spinner.beside(log),
            stdin=stdin,
            waiting=spinner,
        )


def configure(choices: Choices, *, sandboxed: bool) -> tuple[Configuration, Limits]:
    """The configuration, and its limits with those that were chosen. Raises UsageError and ConfigError."""
    configuration = load(cwd=working_folder(), environ=os.environ, config_file=choices.config_file, sandboxed=sandboxed)
    for variable in configuration.ignored if not choices.quiet else ():
        complain(
            f"{variable} is ignored here: the environment may lower limits of an untrusted script, and nothing else"
        )
    return configuration, choices.limits(configuration.limits)


def prepare(
    configuration: Configuration,
    limits: Limits,
    choices: Choices,
    name: str,
    first_line: bytes,
    *,
    sandboxed: bool,
    folder: str | None,
) -> Setup:
    """What a script of this name and first line is run with. Raises UsageError and SetupError."""
    engines = factory_of(configuration)
    if choices.model is not None or choices.provider is not None:
        _check_model(configuration, choices)

    def providers() -> "ProviderManager":
        return make_providers(configuration, choices.model, choices.provider)

    engine = engines.for_script(name, first_line) if choices.engine is None else engines.get(choices.engine)
    policy = _policy(configuration, choices, sandboxed=sandboxed, folder=folder)
    if engine.extensions is None:  # a configuration is for scripts of all languages; what was typed is for this one
        policy = policy._replace(packages=choices.allow_packages)
    return Setup(
        engine=engine,
        limits=limits,
        policy=policy,
        providers=providers,
        require=DEFAULT if choices.require is None else read_required(choices.require),
        log_from=choices.log_from,
    )


def make_providers(configuration: Configuration, model: str | None, provider: str | None) -> "ProviderManager":
    """The configured providers, with the default that an option may set."""
    from llmspell.providers.manager import ProviderManager

    chosen = model is not None or provider is not None
    return ProviderManager(
        configuration.providers,
        environ=os.environ,
        default_model=model if chosen else configuration.model,
        default_provider=provider if chosen else configuration.provider,
        aliases=configuration.aliases,
    )


def _check_model(configuration: Configuration, choices: Choices) -> None:
    """Raises UsageError for a model or a provider that no agent could use, before anything runs."""
    try:
        make_providers(configuration, choices.model, choices.provider).check_default()
    except CallError as error:
        raise UsageError(f"{'--model' if choices.provider is None else '--provider'}: {error.message}") from None


def _policy(configuration: Configuration, choices: Choices, *, sandboxed: bool, folder: str | None) -> Policy:
    policy = configuration.policy
    read = (*policy.read, *whole_paths(choices.allow_read))
    environment = {name: os.environ[name] for name in choices.allow_env if name in os.environ}
    modules = policy.modules
    if sandboxed:
        modules = folder is not None and any(
            _within(os.path.realpath(folder), os.path.realpath(allowed)) for allowed in read
        )
    for name in policy.tools:
        check_tool(name, f"{configuration.origin('tools.grant')}: tools.grant")
    for name in configuration.tool_bounds:  # under a wrong name they would hold nothing
        check_tool(name, f"{configuration.origin(dotted(('tools', name)))}: tools")
    models = [model_grant(text) for text in choices.allow_models]
    return policy._replace(
        tools={**policy.tools, **dict(tool_grant(text, configuration.tool_bounds) for text in choices.allow_tools)},
        models=(*policy.models, *(pattern for pattern, _ in models)),
        model_bounds={**policy.model_bounds, **{pattern: bound for pattern, bound in models if bound is not None}},
        read=read,
        write=(*policy.write, *whole_paths(choices.allow_write)),
        environment={**policy.environment, **environment},
        modules=modules,
        packages=(*policy.packages, *choices.allow_packages),
    )


def _within(folder: str, allowed: str) -> bool:
    return folder == allowed or folder.startswith(allowed.rstrip("/") + "/")
