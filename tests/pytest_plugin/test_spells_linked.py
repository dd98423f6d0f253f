"""`pytest --llmspell` shows nothing of what a link in the tree leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SECRET = "hidden_and_not_to_be_shown()\n"


def test_no_link_leads_out_of_the_tree_and_nothing_behind_it_is_shown(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.lua").write_text(SECRET)
    pytester.makeini("[pytest]")
    (pytester.path / "file.lua").symlink_to(outside / "secret.lua")
    (pytester.path / "folder").symlink_to(outside)
    (pytester.path / "fine.lua").write_text("return 1\n")
    (pytester.path / "again.lua").symlink_to("fine.lua")
    result = pytester.runpytest_inprocess("--llmspell", "-p", "no:cacheprovider", "-v", "file.lua", "folder", ".")
    text = result.stdout.str()
    assert "hidden_and_not" not in text
    assert "fine.lua::spell PASSED" in text
    assert "again.lua::spell FAILED" in text
    assert "file.lua::spell FAILED" in text
    assert "error unreadable" in text
    assert result.parseoutcomes()["passed"] == 1
