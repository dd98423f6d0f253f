"""No report shows a key: neither one that the host knows nor what looks like one, wherever a run has put it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.reports.masked import WithoutKeys
from llmspell.validate.result import Result, Status, TimedCall
from tests.examples.commands import environment

KNOWN = "plain.9f8e7d6c5b4a.of-no-shape"
LOOKS = "sk-proj-q7W3eR9tY1uI5oP2aS8dF4gH6jK0"
FORMS = ("json", "junit", "sarif", "html")

SCRIPT = """
local m = require("m")
print("printed", m.known, m.looks)
io.stderr:write("warned ", m.known, " ", m.looks)
pcall(Tool.execute, m.known, {})
m.fail("failed")
"""
MODULE = f"""
local m = {{known = "{KNOWN}", looks = "{LOOKS}"}}
function m.fail(why) error(why .. " " .. m.known .. " " .. m.looks) end
return m
"""
EXPECTATION = f"""
output = "other {KNOWN} {LOOKS}"
output_contains = ["{"x" * 175} {KNOWN}", "{"x" * 185} {LOOKS}"]
value = {{"{KNOWN}" = "{LOOKS}"}}
error_kind = "{LOOKS}"
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each report says of a script that puts keys wherever it can."""
    folder = tmp_path_factory.mktemp("spells")
    (folder / "s.lua").write_text(SCRIPT)
    (folder / "m.lua").write_text(MODULE)
    (folder / "s.expect.toml").write_text(EXPECTATION)
    (folder / "known.lua").write_text(f'error("{KNOWN}")')
    (folder / "known.expect.toml").write_text('verdict = "ok"')
    done = subprocess.run(
        [sys.executable, "-m", "llmspell", "validate", "s.lua", "known.lua", "--no-cache", "--github",
         *(word for form in FORMS for word in (f"--{form}", f"report.{form}"))],
        cwd=folder, env={**environment(folder), "OPENAI_API_KEY": KNOWN}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    files = {form: (folder / f"report.{form}").read_text() for form in FORMS}
    return {**files, "github": done.stdout, "terminal": done.stderr}


@pytest.mark.parametrize("form", [*FORMS, "github", "terminal"])
def test_no_report_shows_a_key(told: dict[str, str], form: str) -> None:
    said = told[form]
    assert "it ended as error, and was expected to end as ok" in said
    assert "failed ****" in said
    for key in (KNOWN, LOOKS):
        assert key[:12] not in said, said[max(said.index(key[:12]) - 200, 0) :][:400]


def test_what_stands_beside_a_key_is_shown(told: dict[str, str]) -> None:
    assert f"printed\\t{'*' * len(KNOWN)}\\t{'*' * len(LOOKS)}" in told["json"]
    assert f"warned {'*' * len(KNOWN)}" in told["junit"]
    assert "different-value" in told["terminal"]


def test_lines_and_columns_stay_what_they_are() -> None:
    source = f'a = "{KNOWN}" b = "{LOOKS}" c()\n'
    found = Finding("unknown-name", Severity.ERROR, f"{KNOWN} c", Position(1, source.index("c()"), 1, len(source) - 1))
    call = TimedCall("tool.invoke", f"n {KNOWN}", True, 0.0, 0.0, LOOKS)
    made = Result("s.lua", Status.FAILED, findings=(found,), source=source, calls=(call,), outcome={"value": [KNOWN]})
    shown = WithoutKeys([KNOWN])(made)
    assert shown.source == source.replace(KNOWN, "*" * len(KNOWN)).replace(LOOKS, "*" * len(LOOKS))
    assert shown.findings == (found._replace(message=f"{'*' * len(KNOWN)} c"),)
    assert shown.calls == (call._replace(name=f"n {'*' * len(KNOWN)}", agent="*" * len(LOOKS)),)
    assert shown.outcome == {"value": ["*" * len(KNOWN)]}
    assert os.path.basename(shown.path) == "s.lua"
