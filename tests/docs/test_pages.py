"""The pages hold together: links lead somewhere, promises name their gaps, the README's lines are as CI needs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import llmspell
from llmspell.limits import MIB, Limits
from tests.docs.pages import PAGES, ROOT, Block, blocks, is_shown, prose, section
from tests.docs.test_snippets import turns_of
from tests.examples.commands import run, workplace

README = ROOT / "README.md"
FIRST_LINE = "python3.11 -m venv .venv && .venv/bin/pip install --quiet . && .venv/bin/llmspell run examples/tour.lua\n"
TEST_LINE = (
    "python3.11 -m venv .venv && .venv/bin/pip install --quiet --upgrade pip"
    " && .venv/bin/pip install --quiet --group test . && .venv/bin/python -m pytest -n auto\n"
)
PROMISES = ["script-api.md", "cli.md", "errors-and-limits.md", "python-api.md", "confinement.md", "ci.md"]


def marked(note: str) -> Block:
    """The one block of the README below a comment."""
    found = [block for block in blocks(README) if note in block.notes]
    assert len(found) == 1, note
    return found[0]


def test_the_readme_has_one_line_to_start_with_and_one_line_that_passes_the_tests() -> None:
    assert marked("first line").text == FIRST_LINE
    assert marked("test line").text == TEST_LINE


def test_the_first_line_prints_what_the_readme_shows(tmp_path: Path) -> None:
    ran = run(["run", "examples/tour.lua"], folder=workplace(tmp_path))
    assert (ran.code, ran.stdout) == (0, marked("first line prints").text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if not target.startswith("https://"):
            assert (page.parent / target.split("#")[0]).exists(), f"{page.name}: {target}"


def test_the_index_lists_every_page() -> None:
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", (ROOT / "docs" / "index.md").read_text()))
    assert {page.name for page in PAGES} - {"README.md", "index.md"} <= linked


@pytest.mark.parametrize("name", PROMISES)
def test_a_page_of_promises_ends_with_what_it_does_not_cover(name: str) -> None:
    page = ROOT / "docs" / name
    assert section(page, "What this does not cover").strip()
    assert re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE)[-1] == "What this does not cover"


def test_the_readme_says_what_it_does_not_cover_yet() -> None:
    assert "--require memory" in README.read_text()
    assert "kernel" in section(README, "What this does not cover (yet)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_line_holds_one_sentence(page: Path) -> None:
    lines = [line for line in prose(page).splitlines() if not line.startswith("|")]
    assert [line for line in lines if re.search(r"[a-z`)][.!?] [A-Z`][a-z`]", line)] == []


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "errors-and-limits.md"], ids=lambda page: page.name)
def test_the_tables_show_the_real_defaults(page: Path) -> None:
    limits = Limits()
    wanted = {
        "--mem": f"{limits.memory // MIB} MiB",
        "--cpu": f"{limits.cpu:g} s",
        "--timeout": f"{limits.wall:g} s",
        "--max-output": f"{limits.output // MIB} MiB",
        "--max-calls": f"{limits.calls:,}",
        "--max-model-calls": f"{limits.model_calls}",
        "--max-tokens": f"{limits.tokens:,}",
        "--max-cost": f"{limits.cost:g} USD",
    }
    assert dict(re.findall(r"^\|[^|]*\| ([^|]*) \| `(--[a-z-]+)` \|", section(page, "Limits"), re.MULTILINE)) == {
        default: option for option, default in wanted.items()
    }


def test_the_python_page_names_every_public_name() -> None:
    text = (ROOT / "docs" / "python-api.md").read_text()
    assert [name for name in llmspell.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_changelog_has_this_version() -> None:
    assert f"## [{llmspell.__version__}]" in (ROOT / "docs" / "changelog.md").read_text()


def test_what_is_shown_is_compared_line_by_line_with_dots_for_anything() -> None:
    assert is_shown("peak ... MiB\n", "peak 13.2 MiB\n\n")
    assert is_shown("a\n...\nd", "a\nb\nc\nd")
    assert is_shown("a\n...", "a\nb\nc")
    assert is_shown("...\nc", "a\nb\nc")
    assert not is_shown("a ... c", "a\nb c")
    assert not is_shown("a", "a\nb")
    assert not is_shown("a\n...\nd", "a\nb\ne")
    assert turns_of("$ a \\\n  b\nc\n$ d\n") == [("a \\\n  b", "c\n"), ("d", "")]
