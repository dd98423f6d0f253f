"""No name of a file ends a line of ours on stderr, where a CI would read what follows as a command."""

from __future__ import annotations

import pytest

from tests.cli.programs import Place

FORGED = ".x\n::stop-commands::abc\r##[error]y"


def test_the_name_of_a_folder_that_is_left_out_forges_no_line(place: Place) -> None:
    (place.folder / "t" / FORGED).mkdir(parents=True)
    place.write("t/a.lua", "return 1\n")
    ran = place.run("validate", "--github", "t")
    assert ran.code == 0
    told = [line for line in ran.stderr.splitlines() if "left out" in line]
    assert len(told) == 1
    assert r".x\n::stop-commands::abc\r#\x23[error]y (1)" in told[0]
    assert not any(line.startswith(("::", "##")) for line in ran.stderr.splitlines())


def test_a_usage_error_is_one_line_whatever_was_typed(place: Place) -> None:
    ran = place.run("run", f"--gone{FORGED}")
    assert (ran.code, "##[" in ran.stderr, "\r" in ran.stderr) == (2, False, False)
    assert ran.stderr.splitlines()[-1].startswith("Error: No such option")


def test_the_name_of_a_script_that_fails_begins_no_line(place: Place) -> None:
    place.write("x\n::stop-commands::abc.py", "def f():\n    raise ValueError('x')\nf()\n")
    ran = place.run("run", "x\n::stop-commands::abc.py")
    assert ran.stderr.splitlines()[0] == r"error: x\n::stop-commands::abc.py:2: ValueError: x"
    assert r"  x\n::stop-commands::abc.py:2: in f" in ran.stderr.splitlines()


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_complaint_is_one_line_whatever_was_typed(place: Place, command: str) -> None:
    ran = place.run(command, f"gone{FORGED}")
    assert (ran.code, "##[" in ran.stderr) == (2, False)
    assert all(line.startswith("llmspell: ") for line in ran.stderr.splitlines()), ran.stderr
