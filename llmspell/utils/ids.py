"""Names for components: a prefix that says of what, and a part that makes them unique.

An id is `PREFIX_PART`. The part is a UUID, its first 8 digits, or a number of 8 digits; the prefix is 1 to 64 of
`a-z`, `0-9`, `-`, `_`, beginning with a letter. Every id that is made here passes `validate_component_id`.
"""

from __future__ import annotations

import itertools
import os
import re
import uuid
from collections.abc import Callable

from llmspell.errors import UsageError

RandomBytes = Callable[[int], bytes]

NAMESPACE_AGENT = uuid.UUID("6ba13d5a-3f5d-4a5b-9f7e-3d5a2f4d3a2b")
NAMESPACE_TOOL = uuid.UUID("7cb24e6b-4f6e-5b6c-af8f-4e6b3f5e4b3c")
NAMESPACE_WORKFLOW = uuid.UUID("8dc35f7c-5f7f-6c7d-bf9f-5f7c4f6f5c4d")
"""The namespaces of deterministic ids, the same as in rs-llmspell: equal names give equal ids in both."""

_PREFIX = r"[a-z][a-z0-9_-]{0,63}"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_ID = re.compile(rf"(?P<prefix>{_PREFIX})_(?P<part>{_UUID}|[0-9a-f]{{8}}|[0-9]{{9,18}})")


def generate_component_id(prefix: str, *, random_bytes: RandomBytes = os.urandom) -> str:
    """`PREFIX_UUID`, with a random UUID of version 4. Raises UsageError for a prefix that is none.

    >>> generate_component_id("agent", random_bytes=bytes)
    'agent_00000000-0000-4000-8000-000000000000'
    """
    return _checked(prefix, str(_random_uuid(random_bytes)))


def generate_short_id(prefix: str, *, random_bytes: RandomBytes = os.urandom) -> str:
    """`PREFIX_` and 8 digits of a random UUID: of 9,300 such ids two are the same with a chance of 1 in 100.

    >>> generate_short_id("run", random_bytes=bytes)
    'run_00000000'
    """
    return _checked(prefix, str(_random_uuid(random_bytes))[:8])


def generate_deterministic_id(prefix: str, namespace: uuid.UUID, name: str) -> str:
    """`PREFIX_UUID`, with the UUID of version 5 of a name: the same name gives the same id, anywhere.

    >>> generate_deterministic_id("agent", NAMESPACE_AGENT, "critic")
    'agent_26658455-a983-5922-856b-e4c0bf8a2161'
    """
    return _checked(prefix, str(uuid.uuid5(namespace, name)))


class SequentialIds:
    """Ids that count, for tests and records: each call gives the next one. `itertools.count` makes it safe for threads.

    >>> next_id = SequentialIds("call")
    >>> next_id(), next_id()
    ('call_00000001', 'call_00000002')
    """

    __slots__ = ("_numbers", "_prefix")

    def __init__(self, prefix: str, *, first: int = 1) -> None:
        self._prefix = prefix
        self._numbers = itertools.count(first)

    def __call__(self) -> str:
        """The next id."""
        return _checked(self._prefix, f"{next(self._numbers):08}")


def validate_component_id(text: str, prefix: str | None = None) -> bool:
    """Whether `text` is an id as they are made here, and with this prefix if one is named.

    >>> validate_component_id("call_00000001"), validate_component_id("call_00000001", "agent")
    (True, False)
    """
    found = extract_prefix(text)
    return found is not None and prefix in (None, found)


def extract_prefix(text: str) -> str | None:
    """The prefix of an id, or None for what is no id.

    >>> extract_prefix("sub_agent_0a1b2c3d"), extract_prefix("agent")
    ('sub_agent', None)
    """
    match = _ID.fullmatch(text)
    return match["prefix"] if match else None


def _random_uuid(random_bytes: RandomBytes) -> uuid.UUID:
    return uuid.UUID(bytes=random_bytes(16), version=4)


def _checked(prefix: str, part: str) -> str:
    made = f"{prefix}_{part}"
    if extract_prefix(made) != prefix:
        raise UsageError(
            f"{prefix[:80]!r} is no prefix of an id: write 1 to 64 of a-z, 0-9, - and _, beginning with a letter"
        )
    return made
