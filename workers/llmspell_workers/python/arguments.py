"""What a script is started with: `ARGS`, and the `sys.argv` of any Python program."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Arguments(list[str]):
    """ARGS[0] is the script, ARGS[1:] are the positionals; ARGS.name and ARGS["name"] is `--name value`."""

    def __init__(self, script: str, positionals: list[str], named: dict[str, str]) -> None:
        super().__init__([script, *positionals])
        self.__dict__.update(named)  # in front of a list's own methods: ARGS.count is `--count 3`

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"the script was given no argument --{name}")

    def __getitem__(self, key: Any) -> Any:
        return self.__dict__[key] if isinstance(key, str) else super().__getitem__(key)

    def get(self, name: str, default: object = None) -> object:
        """The argument `--name`, or `default`."""
        return self.__dict__.get(name, default)


def arguments_of(script: str, given: dict[str, object]) -> tuple[Arguments, list[str]]:
    """ARGS and argv. A bare flag stands in argv as one; the order between positionals and options is lost."""
    positionals, named = given.get("positionals"), given.get("named")
    places = list(positionals) if isinstance(positionals, list) else []
    options = dict(named) if isinstance(named, dict) else {}
    words = [f"--{name}" if value == "true" else f"--{name}={_text(value)}" for name, value in options.items()]
    return Arguments(script, places, options), [script, *map(_text, places), *words]


def _text(word: object) -> str:
    """What the shell gave that is no UTF-8 comes as bytes; in argv it is what Python makes of them."""
    return word.decode("utf-8", "surrogateescape") if isinstance(word, bytes) else str(word)
