"""What was chosen on the command line for one run: the values of the options, and what they are without any."""

from typing import NamedTuple

from llmspell.limits import Limits


class Choices(NamedTuple):
    """The options of `run`, `exec` and `sandbox`; a limit that is None is left to the configuration.

    The fields are those of the table in `options.py`, and the defaults here are theirs.
    """

    engine: str | None = None
    memory: int | None = None
    cpu: float | None = None
    wall: float | None = None
    output: int | None = None
    calls: int | None = None
    model_calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    allow_tools: tuple[str, ...] = ()
    allow_models: tuple[str, ...] = ()
    allow_read: tuple[str, ...] = ()
    allow_write: tuple[str, ...] = ()
    allow_env: tuple[str, ...] = ()
    allow_packages: tuple[str, ...] = ()
    require: str | None = None
    model: str | None = None
    provider: str | None = None
    seed: int | None = None
    record: str | None = None
    replay: str | None = None
    replay_mode: str = "strict"
    stream: bool = True
    report: str | None = None
    form: str = "text"
    config_file: str | None = None
    verbose: int = 0
    quiet: bool = False
    color: str = "auto"

    def limits(self, configured: Limits) -> Limits:
        """The configured limits, with those that were chosen."""
        return Limits(
            *(getattr(configured if getattr(self, name, None) is None else self, name) for name in Limits._fields)
        )

    @property
    def log_from(self) -> str:
        """The lowest level of a script's log that is shown."""
        return "error" if self.quiet else ("warn", "info", "debug")[min(self.verbose, 2)]
