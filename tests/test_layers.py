"""The import graph is a promise (`architecture.md`, The two packages): these tests fail on a new arrow."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import llmspell
import llmspell_workers
from tests.uncounted import uncounted

HOST = Path(llmspell.__file__).parent
WORKERS = Path(llmspell_workers.__file__).parent
ENGINE_LIBRARIES = {"lua": {"lupa"}, "python": {"greenlet"}}


def sources(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules that a file imports, and whether at its top level outside TYPE_CHECKING."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = str(node.module)
            yield module, id(node) in top
            for name in node.names:
                yield f"{module}.{name.name}", id(node) in top


def importers(root: Path, prefix: str) -> set[str]:
    return {
        str(path.relative_to(root))
        for path in sources(root)
        for module, _ in imports(path)
        if module == prefix or module.startswith(prefix + ".")
    }


ENGINE_LIBRARIES = {"lua": {"lupa"}, "javascript": {"_quickjs"}, "python": {"greenlet"}}


def test_a_worker_imports_the_standard_library_msgpack_and_its_engine_only() -> None:
    for path in sources(WORKERS):
        for module, _ in imports(path):
            root = module.split(".")[0]
            engine = ENGINE_LIBRARIES.get(path.relative_to(WORKERS).parts[0], set())
            assert root in sys.stdlib_module_names | {"llmspell_workers", "msgpack"} | engine, (
                f"{path} imports {module}"
            )


def test_the_host_imports_nothing_of_the_workers_but_the_wire() -> None:
    for path in sources(HOST):
        for module, _ in imports(path):
            if module.split(".")[0] == "llmspell_workers":
                assert module == "llmspell_workers" or module.startswith("llmspell_workers.wire"), f"{path}: {module}"


def test_litellm_is_imported_in_one_module_and_never_at_import() -> None:
    assert importers(HOST, "litellm") == {"providers/litellm_load.py"}
    assert not any(module.startswith("litellm") and top for module, top in imports(HOST / "providers/litellm_load.py"))


def test_click_stays_in_the_command_line_and_rich_in_one_module_of_it() -> None:
    assert all(name.startswith("cli/") for name in importers(HOST, "click"))
    assert importers(HOST, "rich") == {"cli/tables.py"}


LEAVES = {"llmspell.errors", "llmspell.limits"}


def ours(folder: str) -> set[str]:
    """The modules of ours that a folder's files import."""
    found = {module for path in sources(HOST / folder) for module, _ in imports(path)}
    modules = {".".join(path.relative_to(HOST.parent).with_suffix("").parts) for path in sources(HOST)}
    return {module for module in found if module in modules or module.startswith("llmspell_workers")}


def test_utils_import_leaves_only() -> None:
    assert {module for module in ours("utils") if not module.startswith("llmspell.utils.")} == LEAVES


def test_types_import_leaves_utils_and_the_wire_only() -> None:
    outside = {name for name in ours("types") if not name.startswith(("llmspell.types.", "llmspell.utils."))}
    assert {name for name in outside if not name.startswith("llmspell_workers.wire")} == LEAVES


@pytest.mark.parametrize(
    ("library", "homes", "at_import"),
    [
        ("tenacity", "utils/aio.py providers/attempts.py", False),
        ("tomli_w", "utils/documents.py", False),
        ("yaml", "utils/yaml_text.py", True),
    ],
)
def test_a_library_of_utils_is_imported_where_it_is_used_on_first_use(
    library: str, homes: str, at_import: bool
) -> None:
    assert importers(HOST, library) == set(homes.split())
    for home in homes.split():
        assert at_import == any(module == library and top for module, top in imports(HOST / home))
    assert not any(module == "llmspell.utils.yaml_text" and top for module, top in imports(HOST / "utils/documents.py"))


def test_a_plain_run_loads_no_utils_and_no_types() -> None:
    code = "import sys; sys.argv = ['llmspell', 'exec', 'print(1)']; from llmspell.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], env=uncounted(), capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.stdout == "1\n"
    assert "llmspell.runtime" in loaded
    slow = {"asyncio", "dataclasses", "tenacity", "tomli_w", "yaml", "platformdirs", "psutil", "uuid"}
    assert {name for name in loaded if name in slow or name.startswith(("llmspell.utils", "llmspell.types"))} == set()


def test_nothing_imports_the_command_line() -> None:
    assert {name for name in importers(HOST, "llmspell.cli") if not name.startswith("cli/")} == {"__main__.py"}


def test_the_model_server_for_tests_stands_alone() -> None:
    """It is loaded into other people's pytest: nothing heavy, and nothing of the host's in either direction."""
    folder = HOST / "testing"
    for path in sources(folder):
        for module, _ in imports(path):
            allowed = {"pytest"} if path.name == "pytest_plugin.py" else set()
            is_own = module == "llmspell.testing" or module.startswith("llmspell.testing.")
            assert is_own or module.split(".")[0] in sys.stdlib_module_names | allowed, f"{path} imports {module}"
    outside = {name for name in importers(HOST, "llmspell.testing") if not name.startswith("testing/")}
    assert outside == {"pytest_plugin/__init__.py"}


def test_pytest_is_imported_by_its_plugin_only_and_the_plugin_by_nobody() -> None:
    allowed = ("pytest_plugin/", "testing/pytest_plugin.py")
    assert [name for name in importers(HOST, "pytest") if not name.startswith(allowed)] == []
    assert all(name.startswith("pytest_plugin/") for name in importers(HOST, "llmspell.pytest_plugin"))


def test_the_host_names_no_engine_outside_the_table_of_built_in_ones() -> None:
    allowed = {"engines/builtin.py", "runtime.py"}
    for path in sources(HOST):
        name = str(path.relative_to(HOST))
        if name in allowed or name.startswith("cli/"):
            continue
        found = re.search(r"\b(lua|lupa|\.lua|quickjs|\.mjs)\b", path.read_text(), re.IGNORECASE)
        assert found is None, f"{name} mentions {found}"


@pytest.mark.parametrize("name", llmspell.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(llmspell, name) is not None


def test_importing_the_package_loads_none_of_it() -> None:
    code = "import sys, llmspell; print([name for name in sys.modules if name.startswith('llmspell')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['llmspell']\n"


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = llmspell.Nothing


@pytest.mark.parametrize("package", ["llmspell", "llmspell.types", "llmspell.testing"])
def test_a_prompt_can_complete_a_public_name_before_it_was_used(package: str) -> None:
    code = f"import {package} as package; print(set(package.__all__) <= set(dir(package)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
