"""Which values may be sent, and their bytes; what may not travel is an error that names the place.

The rule kept here: there is never a silent `repr`, and what passes here is what `values.py` of the other end takes.
"""

from __future__ import annotations

from msgpack import ExtType, packb  # type: ignore[import-untyped]

from llmspell_workers.wire.values import INT_MAX, INT_MIN, MAX_DEPTH, MAX_VALUES, Unsendable, kind_of


def pack(value: object, name: str = "value") -> bytes:
    """The bytes of `value`; raises Unsendable with the place, which begins with `name`."""
    check(value, name)
    return encode(value, name)


def encode(value: object, name: str) -> bytes:
    """The bytes of a value that was checked; raises Unsendable."""
    try:
        packed: bytes = packb(value)
    except MemoryError:
        raise  # says nothing about the value
    except Exception as error:  # noqa: BLE001 - a subclass's own methods run here, and may do anything
        raise Unsendable(name, f"cannot be packed ({type(error).__name__})") from None
    return packed


def check(value: object, name: str = "value") -> None:
    """Raises Unsendable, with the place, unless `value` can travel. Tuples travel as lists."""
    count(value, name)


def count(value: object, name: str) -> int:
    """`check`, and how many values `value` is."""
    try:
        values = _count(value, 1)
    except _Misfit as misfit:
        raise Unsendable(name + misfit.place, misfit.why) from None
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a subclass's own methods run here, and may do anything
        raise Unsendable(name, f"cannot be read ({type(error).__name__})") from None
    if values > MAX_VALUES:
        raise Unsendable(name, f"holds over {MAX_VALUES:,} values, and one frame holds no more")
    return values


class _Misfit(Exception):
    """A value that cannot travel; the place is put together on the way out."""

    def __init__(self, why: str) -> None:
        self.place = ""
        self.why = why


def _count(value: object, depth: int) -> int:
    """How many values `value` is; raises _Misfit at the first that cannot travel."""
    kind = type(value)
    if kind is str:
        if not value.isascii():  # type: ignore[attr-defined]
            _check_text(value)  # type: ignore[arg-type]
        return 1
    if kind is int:
        if not INT_MIN <= value <= INT_MAX:  # type: ignore[operator]
            raise _Misfit("is an integer of over 64 bits")
        return 1
    if value is None or kind is bool or kind is float or kind is bytes:
        return 1
    if kind is dict:
        return _count_map(value, depth)  # type: ignore[arg-type]
    if kind is list or kind is tuple:
        return _count_list(value, depth)  # type: ignore[arg-type]
    return _count_subclass(value, kind, depth)


def _count_subclass(value: object, kind: type, depth: int) -> int:
    """Enums, named tuples, ordered dicts, numpy's float: what msgpack packs as the built-in type that they are."""
    if issubclass(kind, (float, bytes)):
        return 1
    if issubclass(kind, str):
        return _count(str.__str__(value), depth)  # an enum's own __str__ gives its name
    if issubclass(kind, int):
        return _count(int.__int__(value), depth)  # type: ignore[arg-type]
    if issubclass(kind, dict):
        return _count_map(dict(value), depth)  # type: ignore[call-overload]
    if issubclass(kind, (list, tuple)) and not issubclass(kind, ExtType):  # a named tuple that is packed otherwise
        return _count_list(list(value), depth)  # type: ignore[call-overload]
    raise _Misfit(f"is {kind_of(value)}, which cannot travel")


def _count_map(value: dict[object, object], depth: int) -> int:
    if depth > MAX_DEPTH:
        raise _Misfit(f"is nested deeper than {MAX_DEPTH} levels, or holds itself")
    count = 1 + len(value)
    for key, item in value.items():
        if type(key) is not str:
            raise _Misfit(f"has a key that is no text but {kind_of(key)}")
        if not key.isascii():
            _check_text(key)
        try:
            count += _count(item, depth + 1)
        except _Misfit as misfit:
            misfit.place = (f".{key}" if len(key) <= 100 and key.isidentifier() else f"[{key[:100]!r}]") + misfit.place
            raise
        if count > MAX_VALUES:
            break  # more than a frame holds: how many more does not matter
    return count


def _count_list(value: list[object] | tuple[object, ...], depth: int) -> int:
    if depth > MAX_DEPTH:
        raise _Misfit(f"is nested deeper than {MAX_DEPTH} levels, or holds itself")
    count = 1
    for index, item in enumerate(value):
        try:
            count += _count(item, depth + 1)
        except _Misfit as misfit:
            misfit.place = f"[{index}]" + misfit.place
            raise
        if count > MAX_VALUES:
            break
    return count


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Misfit("is text that is no valid Unicode (a lone surrogate)") from None
