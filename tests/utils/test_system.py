"""What machine this is, as other sources say it."""

from __future__ import annotations

import os
import sys

import pytest

from llmspell.utils.system import OperatingSystem, get_system_info, user_folders


def test_the_facts_are_those_of_the_system_itself() -> None:
    info = get_system_info()
    uname = os.uname()
    assert (info.version, info.arch, info.hostname) == (uname.release, uname.machine, uname.nodename)
    assert info.total_memory == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert info.cpu_cores == len(os.sched_getaffinity(0))
    assert os.path.isabs(info.home_dir)


@pytest.mark.parametrize(
    ("platform", "system"),
    [("linux", OperatingSystem.LINUX), ("darwin", OperatingSystem.MACOS), ("win32", OperatingSystem.WINDOWS),
     ("freebsd14", OperatingSystem.LINUX)],
)  # fmt: skip
def test_a_platform_counts_as_the_system_whose_rules_it_has(
    monkeypatch: pytest.MonkeyPatch, platform: str, system: OperatingSystem
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert OperatingSystem.current() is system


def test_a_user_without_a_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    assert get_system_info().username is None
    monkeypatch.setenv("LOGNAME", "ada")
    assert get_system_info().username == "ada"


def test_the_folders_of_a_program_follow_the_variables_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/x/config")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/cache")
    folders = user_folders("spells")
    assert (folders.config, folders.cache) == ("/x/config/spells", "/x/cache/spells")
    assert all(map(os.path.isabs, folders))
