"""ES modules beside the script: found by the host, named relative to the importing file, never outside its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.javascript.spells import error, files, spell, value


def test_modules_import_one_another_and_are_loaded_once(tmp_path: Path) -> None:
    folder = files(
        tmp_path,
        {
            "lib/tea.js": "import { cups } from '../cups.mjs'; export default () => `${cups} cups`; console.log('tea')",
            "cups.mjs": "export const cups = await Promise.resolve(3)",
        },
    )
    source = """
        import brew, {} from "./lib/tea.js";
        import * as cups from "./cups.mjs";
        export default [brew(), (await import("./lib/../cups.mjs")).cups, cups.cups, import.meta !== undefined]"""
    assert value(source, folder=folder) == ["3 cups", 3, 3, True]


def test_a_script_without_imports_can_load_modules_by_import(tmp_path: Path) -> None:
    folder = files(
        tmp_path, {"a.js": "#!/usr/bin/env node\nexport const one = 1", "b.js": "\ufeffexport const two = 2"}
    )
    assert value("(await import('./a.js')).one + (await import('./b.js')).two", folder=folder) == 3


REFUSED = {
    "outside": ("../x.js", "denied", "it is outside the script's folder"),
    "outside-by-a-detour": ("./a/../../x.js", "denied", "it is outside the script's folder"),
    "absolute": ("/etc/passwd.js", "not_found", "begins with ./ or ../"),
    "a-bare-name": ("lodash", "not_found", "begins with ./ or ../"),
    "a-scheme": ("node:fs", "not_found", "begins with ./ or ../"),
    "missing": ("./none.js", "not_found", "is not beside the script"),
    "another-suffix": ("./data.json", "denied", "ends in .js or .mjs"),
    "hidden": ("./.env.js", "denied", "dot-files"),
    "a-zero": ("./a\\0b.js", "denied", "ends in .js or .mjs"),
    "control": ("./a\\nb.js", "denied", "control characters"),
    "long": ("./" + "x" * 2000 + ".js", "denied", "over 1024 letters"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_module_beside_the_script_is_refused(tmp_path: Path, name: str) -> None:
    module, kind, message = REFUSED[name]
    source = f"try {{ await import('{module}') }} catch (e) {{ [e.kind, e.message] }}"
    got = value(source, folder=files(tmp_path, {"data.json": "{}"}))
    assert got[0] == kind
    assert message in got[1]


def test_a_missing_static_import_ends_the_run_with_the_kind_of_the_refusal(tmp_path: Path) -> None:
    kind, message, _ = error("import './none.js'", folder=tmp_path)
    assert (kind, "none.js" in message) == ("not_found", True)


@pytest.mark.parametrize("name", ["../x.js", "./.env.js", "./" + "x" * 2000 + ".js"], ids=["outside", "hidden", "long"])
def test_a_module_that_is_refused_and_not_caught_ends_the_run_as_denied(tmp_path: Path, name: str) -> None:
    assert spell(f"import '{name}'", folder=tmp_path).verdict == "denied"


def test_what_does_not_parse_is_told_by_its_line_and_never_by_its_text(tmp_path: Path) -> None:
    folder = files(tmp_path, {"secret.js": "\n\nKEY = sk-12345 'x'", "outer.js": "import './secret.js'"})
    outcome = spell("import './outer.js'", folder=folder)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.message) == ("validation", "module secret.js does not parse: line 3")
    assert "12345" not in str(outcome)


def test_an_error_in_a_module_has_its_file_in_the_traceback(tmp_path: Path) -> None:
    folder = files(tmp_path, {"lib/a.js": "export function f() {\n  throw new Error('x')\n}"})
    outcome = spell("import { f } from './lib/a.js'\n\nf()", folder=folder)
    assert outcome.error is not None
    assert (outcome.error.line, outcome.error.traceback) == (3, ("lib/a.js:2: in function f", "spell.js:3: in main"))


def test_a_name_that_a_module_does_not_export_is_an_error(tmp_path: Path) -> None:
    kind, message, _ = error("import { b } from './a.js'", folder=files(tmp_path, {"a.js": "export const a = 1"}))
    assert kind == "runtime"
    assert "'b'" in message


def test_modules_in_a_circle_and_in_a_long_chain_end(tmp_path: Path) -> None:
    folder = files(tmp_path, {f"m{i}.js": f"import './m{i + 1}.js'" for i in range(200)})
    files(tmp_path, {"a.js": "import './b.js'; export const a = 1", "b.js": "import './a.js'"})
    assert value("import { a } from './a.js'; export default a", folder=folder) == 1
    assert "over 64 others in a chain" in error("import './m0.js'", folder=folder)[1]
