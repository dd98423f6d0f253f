"""llmspell in pytest: spells as tests (`pytest --llmspell`), and fixtures for tests of what runs spells.

pytest imports this file at every start, for everybody who has llmspell installed. The rule kept here: nothing of the
package is loaded before an option or a fixture asks for it, and without `--llmspell` no hook is called for any file.
No file of this folder has the name of a fixture: once imported, it would stand in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

from llmspell.testing.pytest_plugin import llm_server

if TYPE_CHECKING:
    from llmspell.pytest_plugin.cassettes import Cassettes
    from llmspell.pytest_plugin.fake import FakeProvider
    from llmspell.pytest_plugin.runtimes import Runtimes

__all__ = ["fake_provider", "llm_server", "llmspell_cassette", "llmspell_runtime"]

RECORD_MODES = ("none", "once", "all")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the settings of the ini file."""
    group = parser.getgroup("llmspell")
    group.addoption("--llmspell", action="store_true", help="collect spells as tests: each is checked, and replayed")
    group.addoption("--llmspell-strict", action="store_true", help="a warning about a spell fails it")
    group.addoption(
        "--llmspell-record",
        metavar="MODE",
        choices=RECORD_MODES,
        default="none",
        help="none: only replay cassettes (the default); once: record the missing ones; all: record all of them afresh",
    )
    parser.addini(
        "llmspell_files",
        "globs, relative to the root folder, of the files that --llmspell collects (*.suffix means it in any folder)",
        type="args",
    )
    parser.addini("llmspell_config", "the configuration file of llmspell by which spells are checked and recorded")


def pytest_configure(config: pytest.Config) -> None:
    """Collects spells where that is wanted."""
    if config.getoption("--llmspell"):
        from llmspell.pytest_plugin.collecting import SpellCollection

        config.addinivalue_line("markers", "llmspell: a spell that was collected as a test")
        config.pluginmanager.register(SpellCollection(config), "llmspell-collection")


@pytest.fixture
def llmspell_runtime() -> Iterator[Runtimes]:
    """Makes runtimes that ask nobody: `llmspell_runtime(provider=fake_provider)`. Closed after the test."""
    from llmspell.pytest_plugin.runtimes import Runtimes

    with Runtimes() as made:
        yield made


@pytest.fixture
def fake_provider() -> Iterator[FakeProvider]:
    """A provider whose answers the test gives: `fake_provider.answer("fine")`, `fake_provider.requests`."""
    from llmspell.pytest_plugin.fake import FakeProvider

    provider = FakeProvider()
    yield provider
    if provider.errors:
        raise ExceptionGroup("the fake provider could not answer as scripted", provider.errors)


@pytest.fixture
def llmspell_cassette(request: pytest.FixtureRequest) -> Cassettes:
    """Replays the runs of a test from files beside it, or records them, as `--llmspell-record` says."""
    from llmspell.pytest_plugin.cassettes import Cassettes

    node = cast(pytest.Item, request.node)
    return Cassettes(node.path, node.name, mode=request.config.getoption("--llmspell-record"))
