"""Path rules of three systems, on any of them."""

from __future__ import annotations

import ntpath
import posixpath
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import UsageError
from llmspell.utils.paths import expand_path, normalize_path
from llmspell.utils.system import OperatingSystem
from tests.wire.examples import relaxed

LINUX, MACOS, WINDOWS = OperatingSystem.LINUX, OperatingSystem.MACOS, OperatingSystem.WINDOWS
systems = st.sampled_from(OperatingSystem)
parts = st.text(st.sampled_from("ab.\\/:~é\u0301 "), max_size=6)
paths = st.lists(parts | st.sampled_from(["..", ".", "", "C:"]), min_size=1, max_size=6).map("/".join)


@relaxed
@given(paths, systems)
def test_a_normal_path_stays_as_it_is(path: str, system: OperatingSystem) -> None:
    normal = normalize_path(path, system)
    assert normalize_path(normal, system) == normal


@relaxed
@given(paths, systems)
def test_it_stays_absolute_or_relative(path: str, system: OperatingSystem) -> None:
    rules = ntpath if system is WINDOWS else posixpath
    assert rules.isabs(normalize_path(path, system)) == rules.isabs(path)


@relaxed
@given(paths, st.sampled_from([LINUX, MACOS]))
def test_nothing_is_left_to_take_away(path: str, system: OperatingSystem) -> None:
    *above, last = normalize_path(path, system).removeprefix("/").split("/")
    assert "" not in above
    assert "." not in above
    names = [name for name in (*above, last) if name != ".."]
    assert [*above, last][-len(names) :] == names or not names  # `..` only at the beginning
    assert not (path.startswith("/") and ".." in above)


@relaxed
@given(paths)
def test_windows_has_one_separator(path: str) -> None:
    assert "/" not in normalize_path(path, WINDOWS) or path.startswith(("\\\\", "//", "/\\", "\\/"))


@relaxed
@given(paths)
def test_only_macos_takes_composed_and_decomposed_letters_for_the_same(path: str) -> None:
    decomposed, composed = unicodedata.normalize("NFD", path), unicodedata.normalize("NFC", path)
    assert normalize_path(decomposed, MACOS) == normalize_path(composed, MACOS)
    assert (normalize_path(decomposed, LINUX) == normalize_path(composed, LINUX)) == (
        posixpath.normpath(decomposed) == posixpath.normpath(composed)
    )


@pytest.mark.parametrize(
    ("path", "system", "normal"),
    [
        ("", LINUX, "."),
        ("//srv//a", LINUX, "/srv/a"),
        ("/../a", LINUX, "/a"),
        ("../a", LINUX, "../a"),
        ("a\\..\\b", LINUX, "a\\..\\b"),
        ("a\\..\\b", MACOS, "a\\..\\b"),
        ("a\\..\\b", WINDOWS, "b"),
        ("c:/a/./b/", WINDOWS, "c:\\a\\b"),
        ("//server/share/a/../b", WINDOWS, "\\\\server\\share\\b"),
        ("C:..\\a", WINDOWS, "C:..\\a"),
        ("./C:/a", WINDOWS, ".\\C:\\a"),
        ("a/../C:/b", WINDOWS, ".\\C:\\b"),
    ],
)
def test_a_path_by_the_rules_of_a_system(path: str, system: OperatingSystem, normal: str) -> None:
    assert normalize_path(path, system) == normal


@pytest.mark.parametrize(
    ("path", "system", "expanded"),
    [
        ("~", LINUX, "/home/ada"),
        ("~/a", MACOS, "/home/ada/a"),
        ("~\\a", WINDOWS, "C:\\Users\\ada\\a"),
        ("a~/b", LINUX, "a~/b"),
        ("/x/${TEAM}s/$TEAM.txt", LINUX, "/x/reds/red.txt"),
        ("%Team%\\$team", WINDOWS, "red\\red"),
        ("%TEAM%", LINUX, "%TEAM%"),
        ("$PRICE", LINUX, "$TEAM"),
        ("a$", LINUX, "a$"),
        ("$5", LINUX, "$5"),
    ],
)
def test_what_a_person_wrote_is_expanded_once(path: str, system: OperatingSystem, expanded: str) -> None:
    environ = {"HOME": "/home/ada", "USERPROFILE": "C:\\Users\\ada", "TEAM": "red", "PRICE": "$TEAM"}
    assert expand_path(path, environ, system=system) == expanded


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("$NONE/a", "names the variable 'NONE', which is not set"),
        ("${NONE}", "names the variable 'NONE', which is not set"),
        ("${}", "names the variable '', which is not set"),
        ("~", "names the variable 'HOME', which is not set"),
        ("~grace/a", "names the home folder of another user"),
    ],
)
def test_what_cannot_be_expanded_is_refused_by_name(path: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        expand_path(path, {}, system=LINUX)


@relaxed
@given(paths, systems)
def test_a_path_below_a_folder_is_absolute(path: str, system: OperatingSystem) -> None:
    folder = "C:\\srv" if system is WINDOWS else "/srv"
    path = path.replace("~", "-").replace("C:", "C")
    expanded = expand_path(path, {}, folder=folder, system=system)
    assert (ntpath if system is WINDOWS else posixpath).isabs(expanded) or ":" in path


def test_the_rules_are_those_of_this_system_by_default() -> None:
    system = OperatingSystem.current()
    assert normalize_path("a//b\\..") == normalize_path("a//b\\..", system)
    assert expand_path("a//b", {}) == expand_path("a//b", {}, system=system)
