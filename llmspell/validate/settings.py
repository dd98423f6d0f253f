"""What all checks of one call share, as data that travels: to other processes, to other machines, into cache keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.errors import UsageError, nearest
from llmspell.limits import Limits
from llmspell.policy import PURE_TOOLS, ToolGrant
from llmspell.sandbox.require import DEFAULT
from llmspell.validate.rules import RULES

if TYPE_CHECKING:
    from llmspell.config import Configuration


_UNBOUND = {name: ToolGrant() for name in PURE_TOOLS}


class Settings(NamedTuple):
    """How scripts are checked.

    `limits` are those of a run. Under `strict` a warning fails a script. `off` are the rules that say nothing. `tools`
    are granted to a run with their bounds, as far as they have no side effects, and `modules` those beside the script.
    `require` is what must be enforced, or nothing is started. `engines` are known beside the built-in ones. `config` is
    what `Config.get` shows, `packages` what scripts may import by grant. `runs`: whether scripts with a cassette or an
    expectation beside them are run.
    """

    limits: Limits = Limits()
    strict: bool = False
    off: tuple[str, ...] = ()
    tools: Mapping[str, ToolGrant] = _UNBOUND
    modules: bool = True
    require: tuple[str, ...] = DEFAULT
    engines: tuple[EngineSpec, ...] = ()
    config: Mapping[str, Any] = {}
    packages: tuple[str, ...] = ()
    runs: bool = True

    def factory(self) -> EngineFactory:
        """The engines."""
        return EngineFactory(self.engines)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, in the order of the fields."""
        return {
            **self._asdict(),
            "limits": self.limits._asdict(),
            "off": list(self.off),
            "tools": {name: grant._asdict() for name, grant in self.tools.items()},
            "require": list(self.require),
            "engines": [_row(spec) for spec in self.engines],
            "config": dict(self.config),
            "packages": list(self.packages),
        }

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> Self:
        """What `to_dict` made. Raises KeyError or TypeError for anything else."""
        return cls(
            **{
                **made,
                "limits": Limits(**made["limits"]),
                "off": tuple(made["off"]),
                "tools": {name: ToolGrant(**grant) for name, grant in made["tools"].items()},
                "require": tuple(made["require"]),
                "packages": tuple(made["packages"]),
                "engines": tuple(_spec(row) for row in made["engines"]),
            }
        )


def settings_of(
    configuration: Configuration,
    factory: EngineFactory,
    *,
    limits: Limits | None = None,
    strict: bool = False,
    off: tuple[str, ...] = (),
    require: tuple[str, ...] = DEFAULT,
    runs: bool = True,
) -> Settings:
    """The settings by a configuration and by what was chosen beside it. Raises UsageError for a rule that is not there.

    What a run is granted is what the configuration says; where it is silent, tools without side effects and modules.
    """
    chosen, policy = configuration.validate, configuration.policy
    silent = {name: configuration.tool_bounds.get(name, grant) for name, grant in _UNBOUND.items()}
    return Settings(
        limits=limits or configuration.limits,
        strict=strict or chosen.get("strict", False),
        off=check_rules((*chosen.get("off", ()), *off)),
        tools=silent if configuration.origin("tools.grant") == "default" else dict(policy.tools),
        modules=policy.modules or configuration.origin("grants.modules") == "default",
        require=require,
        engines=tuple(factory.get(name) for name in configuration.engines),
        config=policy.config,
        packages=policy.packages,
        runs=runs,
    )


def check_rules(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names of rules; raises UsageError for one that there is not."""
    for name in names:
        if name not in RULES:
            close = nearest(name, list(RULES))
            hint = f"; did you mean {close}?" if close else f"; known are: {', '.join(RULES)}"
            raise UsageError(f"there is no rule {name[:60]!r}{hint}")
    return names


def _row(spec: EngineSpec) -> dict[str, Any]:
    return {
        **spec._asdict(),
        "suffixes": list(spec.suffixes),
        "command": list(spec.command),
        "settings": dict(spec.settings),
        "needs": None if spec.needs is None else list(spec.needs),
    }


def _spec(row: Mapping[str, Any]) -> EngineSpec:
    needs = row["needs"]
    return EngineSpec(
        **{
            **row,
            "suffixes": tuple(row["suffixes"]),
            "command": tuple(row["command"]),
            "needs": None if needs is None else tuple(needs),
        }
    )
