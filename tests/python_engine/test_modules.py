"""Modules beside the script, read by the host, and the library that nobody can shadow."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmspell import CallError
from llmspell.capabilities.library import load_library
from tests.python_engine.spells import error, spell, value


def test_modules_and_packages_beside_the_script_are_imported_once(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("print('one')\nfrom pack import inner\nname = __name__\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("from . import inner\n")
    (tmp_path / "pack" / "inner.py").write_text("from .other import five\nfile = __file__\n")
    (tmp_path / "pack" / "other.py").write_text("five = 5\n")
    source = """
    import one, pack.inner
    import one as again
    [one is again, one.name, pack.inner.five, pack.inner.file, one.inner is pack.inner]
    """
    outcome = spell(source, folder=tmp_path)
    assert outcome.value == [True, "one", 5, "pack/inner.py", True]
    assert outcome.stdout == b"one\n"


def test_a_module_cannot_take_the_name_of_one_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)\n")
    assert value("import json\njson.loads('1')", folder=tmp_path) == 1


def test_a_module_that_is_not_there_is_a_module_not_found_error_with_a_reason(tmp_path: Path) -> None:
    source = """
    try:
        import missing.part
    except ModuleNotFoundError as problem:
        found = [problem.name, str(problem)]
    found
    """
    name, text = value(source, folder=tmp_path)
    assert name == "missing"
    assert "looked for 'missing.py', 'missing/__init__.py'" in text
    assert "installed packages are there if they are granted" in text


def test_who_asks_whether_a_module_is_there_is_told_that_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "there.py").write_text("")
    source = """
    from importlib.util import find_spec
    [find_spec(name) is None for name in ("there", "json", "nowhere", "sqlite3", "_sqlite3", "requests")]
    """
    assert value(source, folder=tmp_path) == [False, False, True, False, True, True]


def test_an_error_in_a_module_has_its_line_and_that_of_the_import(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ny = x / 0\n")
    found = spell("import sys\nimport broken", folder=tmp_path).error
    assert found is not None
    assert (found.message, found.line) == ("ZeroDivisionError: division by zero", 2)
    assert found.traceback == ("broken.py:2: in <module>", "spell.py:2: in <module>")


def test_a_script_without_a_folder_has_no_modules() -> None:
    source = """
    try:
        import anything
    except ImportError as problem:
        found = [isinstance(problem, DeniedError), "has no folder" in str(problem)]
    found
    """
    assert value(source) == [True, True]
    assert spell("import anything").error is not None
    assert error("import sqlite3")[0] == "runtime"


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "os..path", "../../etc/passwd", "/etc/passwd", "json/decoder", "json.", ".json", "test.support",
        "site-packages", "numpy", "llmspell", "json." + "x" * 300, "os\0", "json.\u212aey", "_sitebuiltins.__init__x",
        "lib-dynload", "__main__", "sys", "math",
    ],
    ids=range(21),
)  # fmt: skip
def test_the_host_hands_over_nothing_but_modules_of_the_library(name: str) -> None:
    with pytest.raises(CallError, match="the standard library has no module") as raised:
        load_library(name)
    assert raised.value.kind.value == "not_found"


def test_the_host_hands_over_code_or_else_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import marshal
    import py_compile

    from llmspell.capabilities import library

    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").write_text("a = 1\n")
    (tmp_path / "abc.py").write_text("b = 2\n")
    monkeypatch.setattr(library, "_LIBRARY", str(tmp_path))
    py_compile.compile(str(tmp_path / "json" / "__init__.py"), doraise=True)
    found = load_library("json")
    assert (found["name"], found["package"], found["source"]) == ("json/__init__.py", True, None)
    names: dict[str, object] = {}
    exec(marshal.loads(found["code"]), names)
    assert names["a"] == 1
    assert load_library("abc") == {"name": "abc.py", "package": False, "code": None, "source": b"b = 2\n"}
    (tmp_path / "json" / "__init__.py").write_text("a = 100\n")
    assert load_library("json")["source"] == b"a = 100\n"
