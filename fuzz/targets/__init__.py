"""The fuzz targets: one file each, and this table of them."""

from __future__ import annotations

from fuzz.target import Target
from fuzz.targets.calculator import CALCULATOR
from fuzz.targets.json_query import JSON_QUERY
from fuzz.targets.lua_codec import LUA_CODEC
from fuzz.targets.quick import QUICK
from fuzz.targets.session import SESSION
from fuzz.targets.values import VALUES

TARGETS: dict[str, Target] = {
    target.name: target for target in (VALUES, QUICK, SESSION, LUA_CODEC, CALCULATOR, JSON_QUERY)
}
