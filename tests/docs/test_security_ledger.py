"""The ledger in `docs/security.md` and the corpus of attacks agree, and all that the ledger names is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import llmspell
import llmspell_workers
from llmspell_workers.confine.bpf import ALLOW
from llmspell_workers.confine.rules import worker_rules
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "security.md"
CORPUS = ROOT / "tests" / "hostile"
HEADER = re.compile(r"(?:--|//|#) ([a-z]+): (.*)")


class Threat(NamedTuple):
    """A row of the ledger."""

    id: str
    threat: str
    mitigation: str
    tests: str
    residual: str


def read_ledger(text: str) -> list[Threat]:
    """The rows whose first cell is an id."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:4] == "| T-"]
    return [Threat(*(row + [""] * (5 - len(row)))) for row in rows]


def threats_of_cases(corpus: Path) -> dict[str, str]:
    """The threat that each case names in its first lines, by the path of the case; empty where it names none.

    Every file in a folder of the corpus is a case, whatever its suffix.
    """
    found = {}
    for path in sorted(path for path in corpus.glob("[a-z]*/*") if path.is_file()):
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()[:40]
        header = {match[1]: match[2] for line in lines if (match := HEADER.fullmatch(line))}
        found[str(path.relative_to(corpus))] = header.get("threat", "")
    return found


def quoted(cell: str) -> list[str]:
    """The paths in a cell of the ledger."""
    return [word for word in re.findall(r"`([^`]+)`", cell) if re.fullmatch(r"[\w/]+\.(py|lua|js)(::\w+)?", word)]


def module_path(name: str) -> Path:
    """Where a module lies that the ledger names; the packages may be installed elsewhere than the pages."""
    if name.startswith("workers/"):
        return Path(llmspell_workers.__file__).parent / name.removeprefix("workers/")
    return Path(llmspell.__file__).parent / name


def disagreements(ledger: list[Threat], cases: dict[str, str]) -> list[str]:
    """What is wrong between the rows and the cases."""
    wrong = []
    known = {row.id for row in ledger}
    attacked = set(cases.values())
    for path, threat in cases.items():
        if threat not in known:
            wrong.append(f"{path} is a case of {threat or 'no threat'}, which the ledger does not have")
    for row in ledger:
        says = "corpus" in re.sub(r"`[^`]*`", "", row.tests)
        if says and row.id not in attacked:
            wrong.append(f"{row.id} is said to be attacked by the corpus, and no case names it")
        if not says and row.id in attacked:
            wrong.append(f"{row.id} is attacked by the corpus, and the ledger does not say so")
        if not says and not quoted(row.tests):
            wrong.append(f"{row.id} has no test")
    return wrong


LEDGER = read_ledger(PAGE.read_text())


def test_the_ledger_and_the_corpus_agree() -> None:
    assert disagreements(LEDGER, threats_of_cases(CORPUS)) == []


def test_ids_are_unique_and_in_order() -> None:
    last: dict[str, int] = {}
    groups: list[str] = []
    for row in LEDGER:
        match = re.fullmatch(r"T-([A-Z]+)-([1-9][0-9]*)", row.id)
        assert match is not None, row.id
        group, number = match[1], int(match[2])
        assert number == last.get(group, 0) + 1, f"{row.id} comes after T-{group}-{last.get(group, 0)}"
        assert group not in groups[:-1], f"{row.id} stands apart from its group"
        last[group] = number
        groups += [group] if groups[-1:] != [group] else []
    assert len(LEDGER) >= 50


@pytest.mark.parametrize("row", LEDGER, ids=lambda row: row.id)
def test_what_a_row_names_is_there(row: Threat) -> None:
    assert row.threat
    assert row.mitigation
    for name in quoted(row.mitigation):
        assert module_path(name).is_file(), f"{row.id}: {name}"
    for name in quoted(row.tests):
        path, _, test = name.partition("::")
        assert (ROOT / path).is_file(), f"{row.id}: {name}"
        assert not test or re.search(rf"^(async )?def {test}\(", (ROOT / path).read_text(), re.MULTILINE), name


def test_every_module_in_the_running_text_is_there() -> None:
    text = "\n".join(line for line in PAGE.read_text().splitlines() if not line.startswith("|"))
    for name in quoted(text):
        assert module_path(name).is_file() or (ROOT / name).exists(), name


def test_the_number_of_system_calls_is_that_of_the_list() -> None:
    allowed = [rule for rule in worker_rules(1) if rule.action == ALLOW]
    assert f"a list of {len(allowed)} system calls" in PAGE.read_text()


ROW = "| T-MEM-1 | threat | `sandbox/watch.py` | corpus | |\n"


@pytest.mark.parametrize(
    ("rows", "cases", "wrong"),
    [
        (ROW, {"memory/a.lua": "T-MEM-1"}, ""),
        (ROW, {}, "no case names it"),
        (ROW, {"memory/a.lua": "T-MEM-1", "memory/b.lua": "T-MEM-2"}, "b.lua is a case of T-MEM-2"),
        (ROW, {"memory/a.lua": "T-MEM-1", "memory/b.lua": ""}, "b.lua is a case of no threat"),
        (ROW.replace("corpus", "`tests/x.py`"), {"memory/a.lua": "T-MEM-1"}, "does not say so"),
        (ROW.replace("corpus", ""), {}, "has no test"),
    ],
    ids=["agree", "no case", "unknown threat", "no threat", "not said", "no test"],
)
def test_a_disagreement_is_found(rows: str, cases: dict[str, str], wrong: str) -> None:
    found = disagreements(read_ledger(rows), cases)
    assert len(found) == bool(wrong)
    assert all(wrong in one for one in found)
