"""The key of a provider, out of the environment.

This file keeps the rule that a key which cannot be sent is told as that, by the name of its variable, and is not tried:
a client's own error would show it, or call it a failure of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmspell.errors import CallError, ErrorKind


def read_key(provider: str, names: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """What the first of the variables holds that is set; None without names. Raises CallError."""
    for name in names:
        key = environ.get(name)
        if not key:
            continue
        if not (key.isascii() and key.isprintable() and key == key.strip()):
            raise CallError(
                ErrorKind.PROVIDER,
                f"provider {provider!r}: the key in {name} cannot be sent: it begins or ends with a blank, or holds a "
                "line's end or what is no ASCII; set the variable anew",
            )
        return key
    if names:
        message = f"provider {provider!r} has no key: set the environment variable {names[0]}"
        raise CallError(ErrorKind.PROVIDER, message)
    return None
