"""No link in what is checked makes a report replace a file elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import UsageError
from llmspell.validate.reports.opening import About, Wanted, open_reports

ABOUT = About("1.0")


def wanted(form: str, path: str) -> Wanted:
    """One report."""
    named: dict[str, Any] = {form: path}
    return Wanted(**named)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is nobody's report, beside the working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "precious").write_text("kept")
    return tmp_path / "precious"


@pytest.mark.parametrize("form", ["json", "junit", "sarif", "html"])
@pytest.mark.parametrize("path", ["results", "folder/precious", "folder/new", "dangling"])
def test_a_place_from_which_a_link_leads_out_is_refused(outside: Path, form: str, path: str) -> None:
    Path("results").symlink_to("../precious")
    Path("folder").symlink_to("..")
    Path("dangling").symlink_to("../new")
    with pytest.raises(UsageError, match=f"--{form} '{path}': a symbolic link leads from there to"):
        open_reports(wanted(form, path), ABOUT)
    with pytest.raises(UsageError, match="a symbolic link leads"):
        open_reports(wanted(form, str(Path(path).absolute())), ABOUT)
    assert outside.read_text() == "kept"
    assert sorted(one.name for one in outside.parent.iterdir()) == ["here", "precious"]


def test_a_link_inside_and_a_place_elsewhere_are_written_to(outside: Path) -> None:
    Path("real").write_text("old")
    Path("link").symlink_to("real")
    with open_reports(Wanted(json="link", junit="../elsewhere.xml"), ABOUT):
        pass
    assert Path("link").is_symlink()
    assert Path("real").read_text().startswith("{")
    assert outside.with_name("elsewhere.xml").exists()


def test_a_link_elsewhere_that_leads_out_of_its_folder_is_refused(outside: Path) -> None:
    (outside.parent / "other").mkdir()
    (outside.parent / "other/link").symlink_to("../precious")
    with pytest.raises(UsageError, match="a symbolic link leads"):
        open_reports(Wanted(sarif="../other/link"), ABOUT)
    assert outside.read_text() == "kept"
