"""Keys taken out of what is recorded, and of what is reported.

The rules kept here: a key is masked inside a value, never in the text of a line, so that a line stays what it is; a
key that somebody has cut is masked as far as it is there; and of what comes in pieces, an end that may go on to a key
is told from what can be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, AnyStr

from llmspell.transcript.form import encode

if TYPE_CHECKING:
    from llmspell.providers.manager import ProviderManager

MASK = "***"
LEAST = 8
"""Characters: what is shorter is no key (servers of one's own take `none` for one), and would be found in any text."""
HEAD = 16
"""Characters of the begin of a key by which it is known where it was cut: keys of one kind share up to 13 of theirs."""
_SECRET_NAME = re.compile(r"(?i)key|token|secret|passw|credential")


def secrets_of(providers: ProviderManager | None, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The keys that this run could know of: those of providers, and of the variables that a script is shown."""
    shown = (value for name, value in environment.items() if _SECRET_NAME.search(name))
    return keys_in((*(providers.keys() if providers is not None else ()), *shown))


def keys_in(values: Iterable[str]) -> tuple[str, ...]:
    """Those that are long enough, the longest first, because one may hold another."""
    return tuple(sorted({value for value in values if len(value) >= LEAST}, key=len, reverse=True))


def _as_it_is(text: str) -> str:
    return text


class Masking:
    """Writes values without the keys in them; `masked` counts the values that held one.

    `also` takes out of a text what else is to be in none; under `in_place` there is a star for each letter of a key,
    so that what follows stays at its place.
    """

    __slots__ = ("_also", "_any", "_any_bytes", "_bytes", "_heads", "_in_place", "_secrets", "masked")

    def __init__(
        self, secrets: tuple[str, ...], *, also: Callable[[str], str] = _as_it_is, in_place: bool = False
    ) -> None:
        self._secrets, self._also, self._in_place = secrets, also, in_place
        self._bytes = tuple(secret.encode("utf-8", "surrogateescape") for secret in secrets)
        self._heads = tuple(encode(secret[:HEAD])[1:-1] for secret in secrets)  # as they stand in a line
        self._any = re.compile("|".join(map(re.escape, self._secrets)))
        self._any_bytes = re.compile(b"|".join(map(re.escape, self._bytes)))
        self.masked = 0

    def encode(self, value: Any) -> str:
        """The text of a value, without keys."""
        text = encode(value)
        if self._secrets and ('"$bytes"' in text or any(head in text for head in self._heads)):
            before, text = text, encode(self.cleared(value))
            self.masked += before != text
        return text

    def plain(self, text: str) -> str:
        """A text without keys."""
        found = str(self.cleared(text))
        self.masked += found != text
        return found

    def parted(self, text: str) -> tuple[str, str]:
        """A piece of text, and its end that may go on to a key in the next piece: less than the longest key."""
        at = _open_end(text, self._secrets, self._any)
        return text[:at], text[at:]

    def parted_bytes(self, data: bytes) -> tuple[bytes, bytes]:
        """The same of bytes."""
        at = _open_end(data, self._bytes, self._any_bytes)
        return data[:at], data[at:]

    def cleared(self, value: Any) -> Any:
        """A value without keys in its texts; nothing is counted."""
        if isinstance(value, str):
            for secret in self._secrets:
                value = _without(value, secret, self._mask)
            return self._also(value)
        if isinstance(value, (bytes, bytearray)):
            found = bytes(value)
            for key in self._bytes:
                found = _without(found, key, lambda part: self._mask(part.decode("latin-1")).encode())
            return found
        if isinstance(value, dict):
            return {self.cleared(key): self.cleared(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.cleared(item) for item in value]
        return value

    def _mask(self, part: str) -> str:
        return "*" * len(part) if self._in_place else MASK


def _without(text: AnyStr, key: AnyStr, mask: Callable[[AnyStr], AnyStr]) -> AnyStr:
    """The text with a mask for each key in it, and for each begin of one of at least `HEAD` characters."""
    head = key[:HEAD]
    at = text.find(head)
    if at < 0:
        return text
    pieces: list[AnyStr] = []
    done = 0
    while at >= 0:
        end = at + _alike(text[at : at + len(key)], key)
        pieces += [text[done:at], mask(text[at:end])]
        done, at = end, text.find(head, end)
    pieces.append(text[done:])
    return text[:0].join(pieces)


def _alike(text: AnyStr, key: AnyStr) -> int:
    """How many characters two texts begin with alike."""
    if text == key:
        return len(key)
    return next((at for at, (one, other) in enumerate(zip(text, key, strict=False)) if one != other), len(text))


def _open_end(piece: AnyStr, keys: tuple[AnyStr, ...], whole: re.Pattern[AnyStr]) -> int:
    """Where the longest end begins that is the begin of a key, and of which no whole key has taken a part."""
    size = len(piece)
    places = []
    for key in keys:
        head = key[:LEAST]  # searched for: trying every place would take long with a long key
        at = piece.find(head, max(size - len(key) + 1, 0))
        while at >= 0:
            if key.startswith(piece[at:]):
                places.append(at)
            at = piece.find(head, at + 1)
        shorter = range(1, min(LEAST, len(key), size + 1))
        places += [size - length for length in shorter if piece.endswith(key[:length])]
    if not places:
        return size
    taken = [found.span() for found in whole.finditer(piece)] if any(key in piece for key in keys) else []
    return next((at for at in sorted(places) if not any(first < at < last for first, last in taken)), size)


def masked_like(recorded: str, given: str) -> bool:
    """Whether a text could be the one of which this is left without its keys."""
    first, *rest = recorded.split(MASK)
    if not rest or not given.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = given.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(given) - at >= len(last) and given.endswith(last)
