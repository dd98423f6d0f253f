"""docs/script-api.md names every function and spelling of the API's table, and none other; a worker has the same."""

from __future__ import annotations

import re
from typing import Any

from llmspell import ScriptRuntime
from llmspell.capabilities.agent_config import KNOWN
from llmspell.capabilities.surface import SURFACE
from tests.docs.pages import ROOT, prose, section

PAGE = ROOT / "docs" / "script-api.md"
ENGINE_MADE = {
    "JSON": {"JSON.parse", "JSON.stringify", "JSON.null"},
    "Streaming": {"Streaming.create", "Streaming.yield"},
    "parallel": {"parallel"},
}
"""What engines make themselves; `test_a_worker_has_exactly_the_functions_of_the_page` finds what is missing here."""


def spellings(rows: dict[str, Any], before: str) -> set[str]:
    return {f"{before}{name}" for row, spec in rows.items() for name in (row, *spec.get("also", []))}


def in_the_table() -> set[str]:
    found = spellings(SURFACE["functions"], "")
    for name, rows in SURFACE["globals"].items():
        found |= spellings(rows, f"{name}.")
    for name, spec in SURFACE["objects"].items():
        found |= spellings(spec["methods"], f"{name}:")
    builder = SURFACE["builders"]["agent"]
    found |= {f"builder:{name}" for name in (*builder["sets"], *builder["appends"], "build")}
    return found.union(*(ENGINE_MADE[name] for name in SURFACE["engine_made"]))


def on_the_page() -> set[str]:
    """What begins a code span in the first two columns of the tables of functions."""
    spans = re.findall(r"`((?:[A-Z][A-Za-z]*\.|(?:agent|tool|builder):)\w+|parallel|sleep)(?:\([^`]*\))?`", prose(PAGE))
    return set(spans)


def test_the_page_names_every_function_and_spelling_and_none_other() -> None:
    page = {name for name in on_the_page() if name.split(".")[0] not in {"ARGS"}}
    assert page == in_the_table()


def test_each_function_stands_in_a_table_with_what_it_takes() -> None:
    text = prose(PAGE)
    rows = {
        f"{name}.{row}": spec
        for name, table in SURFACE["globals"].items()
        if name != "Logger"
        for row, spec in table.items()
    }
    rows |= {
        f"{name}:{row}": spec for name, table in SURFACE["objects"].items() for row, spec in table["methods"].items()
    }
    rows |= SURFACE["functions"]
    for name, spec in rows.items():
        takes = [*spec.get("takes", []), *(["fn"] if spec.get("each") else [])]
        assert re.search(rf"^\|.*`{re.escape(name)}\({', '.join(takes)}\)`", text, re.MULTILINE), (name, takes)


def test_the_page_names_every_field_of_an_agent_and_every_global_of_later_versions() -> None:
    table = section(PAGE, "Agent").split("### agent")[0]
    fields = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(fields) == sorted(KNOWN)
    first = section(PAGE, "Globals of later versions").strip().splitlines()[0]
    assert re.findall(r"`(\w+)`", first) == sorted(SURFACE["missing"])


def test_a_worker_has_exactly_the_functions_of_the_page() -> None:
    names = [*SURFACE["globals"], "JSON", "Streaming"]
    listed = "".join(f"for k in pairs({name}) do found[#found + 1] = '{name}.' .. k end " for name in names)
    value = ScriptRuntime.with_lua().execute(f"local found = {{}} {listed} return found").value
    assert set(value) == {name for name in on_the_page() if "." in name and not name.startswith("ARGS")}


def test_a_worker_has_exactly_the_globals_of_the_page() -> None:
    value = (
        ScriptRuntime.with_lua()
        .execute("local found = {} for k in pairs(_G) do found[#found + 1] = k end return found")
        .value
    )
    language = section(PAGE, "The Lua language")
    libraries = re.findall(r"^\| (`.*?) \|", language, re.MULTILINE)
    base = re.findall(r"^\| (?:base|modules) \| `(.*?)` \|$", language, re.MULTILINE)
    wanted = set(" ".join(base).split()) | set(re.findall(r"`(\w+)`", " ".join(libraries)))
    api = {*SURFACE["globals"], *SURFACE["functions"], *SURFACE["engine_made"], *SURFACE["missing"], "ARGS", "arg"}
    assert set(value) == wanted | api


def test_a_worker_has_exactly_the_functions_of_the_libraries_on_the_page() -> None:
    language = section(PAGE, "The Lua language")
    for library in ("os", "io", "debug"):
        row = re.search(rf"^\| `{library}` \| `(.*?)` \|$", language, re.MULTILINE)
        assert row is not None
        source = f"local found = {{}} for k in pairs({library}) do found[#found + 1] = k end return found"
        assert sorted(ScriptRuntime.with_lua().execute(source).value) == row[1].split()
