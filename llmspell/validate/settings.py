"""What all checks of one call share, as data that travels: to other processes, to other machines, into cache keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.errors import UsageError, nearest
from llmspell.limits import Limits
from llmspell.policy import PURE_TOOLS
from llmspell.sandbox.require import DEFAULT

if TYPE_CHECKING:
    from llmspell.config import Configuration


class Settings(NamedTuple):
    """How scripts are checked.

    `limits` are those of a run. Under `strict` a warning fails a script. `off` are the rules that say nothing. `tools`
    are granted to a run, as far as they have no side effects. `require` is what must be enforced, or nothing is
    started. `engines` are known beside the built-in ones. `config` is what `Config.get` shows, `packages` what scripts
    may import by grant. `runs`: whether scripts with a cassette or an expectation beside them are run.
    """

    limits: Limits = Limits()
    strict: bool = False
    off: tuple[str, ...] = ()
    tools: tuple[str, ...] = PURE_TOOLS
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
            "tools": list(self.tools),
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
                "tools": tuple(made["tools"]),
                "require": tuple(made["require"]),
                "packages": tuple(made["packages"]),
                "engines": tuple(_spec(row) for row in made["engines"]),
            }
        )


def granted_tools(configuration: Configuration) -> tuple[str, ...]:
    """The tools of a run by a configuration: those that it grants, or those without side effects where it is silent."""
    if configuration.origin("tools.grant") == "default":
        return PURE_TOOLS
    return tuple(configuration.policy.tools)


def check_rules(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The same names of rules; raises UsageError for one that there is not."""
    for name in names:
        if name not in known:
            close = nearest(name, list(known))
            hint = f"; did you mean {close}?" if close else f"; known are: {', '.join(known)}"
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
