"""Every type of value goes to a script and back; what a language cannot keep is a rule in `languages.py`."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.engines.api.conftest import Sessions
from tests.engines.api.languages import Language, as_it_comes_back, every_language
from tests.engines.api.rows import Host
from tests.lua.test_values import same

VALUES: dict[str, Any] = {
    "booleans": [True, False],
    "nil-in-a-list": [1, None, 3],
    "nil-in-a-map": {"a": None, "b": 1},
    "small-integers": [0, 1, -1, -32, -33, 127, 128, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, -(2**31)],
    "integers-of-a-float": [2**53 - 1, -(2**53 - 1)],
    "integers-of-64-bits": [2**53 + 1, 2**62, 2**63 - 1, -(2**63)],
    "floats": [0.1, -0.5, 1e308, 5e-324, 1e21],
    "whole-floats": [1.0, 1e15, -3.0],
    "negative-zero": [-0.0],
    "no-numbers": [math.nan, math.inf, -math.inf],
    "text": ["", "x", "é", "\U0001f600", "a\0b", "\r\n\u2028", "x" * 31, "x" * 32, "x" * 256, "x" * 65536],
    "bytes": [bytes(range(256)), b"\xff", b"\xed\xa0\x80", b"\xff" * 65536],
    "bytes-that-are-text": [b"text", b""],
    "empty-list": [],
    "empty-map": {},
    "lists": [list(range(15)), list(range(16)), [[[[]]]], list(range(65536))],
    "maps": {"a": {"b": {"c": {}}}, "é": 1, "": 2, "a b": 3, "k" * 300: 4},
    "names-that-languages-know": {"__proto__": 1, "constructor": {"prototype": 2}, "__class__": 3, "nil": 4, "end": 5},
}


def as_deep_as_can_be() -> Any:
    nested: Any = 1
    for _ in range(46):
        nested = [nested]
    return nested


VALUES["deep"] = as_deep_as_can_be()


@every_language
@pytest.mark.parametrize("name", VALUES)
def test_a_value_goes_there_and_back(sessions: Sessions, language: Language, name: str) -> None:
    value = VALUES[name]
    if name == "integers-of-64-bits" and language.integers < 2**63 - 1:
        pytest.skip(f"{language.name} has no integers beyond {language.integers}")
    host = Host(value)
    ended = sessions.run(language, "back", host)
    assert ended.error is None, ended.error
    wanted = as_it_comes_back({"value": value}, language)
    assert same(ended.value, wanted)
    (noted,) = host.notes
    assert same(noted, wanted)
