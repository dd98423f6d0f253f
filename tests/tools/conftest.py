"""What the tests of the tools share: a call as the broker makes it, and a call that must fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.catalog import builtin_tools
from llmspell.tools.check import check_parameters
from llmspell.tools.tool import Tool, ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


def invoke(tool: Tool, grants: ToolGrants | None = None, /, **parameters: Any) -> dict[str, Any]:
    """One call, checked and executed."""
    done: dict[str, Any] = tool.execute(check_parameters(tool, parameters), grants or ToolGrants())
    return done


@pytest.fixture(scope="session")
def call() -> Call:
    """`call("calculator", operation=..., input=...)`, with `grants` for tools that need them."""
    tools = builtin_tools()

    def run(tool: str, /, *, grants: ToolGrants | None = None, **parameters: Any) -> dict[str, Any]:
        done = invoke(tools[tool], grants, **parameters)
        assert done["success"] is True
        assert isinstance(done["message"], str)
        assert isinstance(done["text"], str)
        return done

    return run


@pytest.fixture(scope="session")
def refused(call: Call) -> Refusal:
    """As `call`, of a call that must raise `CallError` of one kind; gives its message."""

    def run(tool: str, /, *, kind: ErrorKind = ErrorKind.VALIDATION, **parameters: Any) -> str:
        with pytest.raises(CallError) as caught:
            call(tool, **parameters)
        assert caught.value.kind is kind, caught.value.message
        assert caught.value.message.startswith(f"{tool}: ")
        assert not caught.value.message.endswith(".")
        assert len(caught.value.message) < 5000
        return caught.value.message

    return run


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A granted folder `in` with a file, beside it a secret that nothing may reach."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("héllo")
    (tmp_path / "secret").write_text("key")
    (tmp_path / "out").mkdir()
    return tmp_path / "in"


@pytest.fixture
def grants(room: Path) -> ToolGrants:
    return ToolGrants(read=(str(room),), write=(str(room),))


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) <= before
