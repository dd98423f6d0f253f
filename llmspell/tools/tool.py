"""What a tool is: a host function that a script may call by name, with parameters of a published shape."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol


class ToolGrants(NamedTuple):
    """What a tool that touches the world may touch: absolute paths. Tools without side effects ignore it."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()


class Tool(Protocol):
    """A tool. It is fed by hostile input inside the process that holds keys and watchdog: bound everything.

    `name` is kebab-case. `schema` is the JSON Schema (an object) of the parameters; `execute` is called with
    parameters that satisfy it, in which no key is unknown. `blocking` says that a call may wait or take
    over a millisecond: it is then run on a thread. A tool that may answer with megabytes says so by an attribute
    `large = True`: then only a few of its calls run at once for one script.

    `execute` returns values of `wire.md` or raises `llmspell.errors.CallError`; any other exception is a
    fault of the tool and reaches the script as kind `tool`.
    """

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def schema(self) -> Mapping[str, Any]: ...
    @property
    def blocking(self) -> bool: ...

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> Any:
        """The tool's answer; see the class for what may be raised."""
        ...


def canonical(name: str) -> str:
    """A tool's name in kebab-case: both spellings name the same tool.

    >>> canonical("uuid_generator")
    'uuid-generator'
    """
    return name.replace("_", "-")
