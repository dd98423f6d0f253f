"""The fixture `llm_server`, for everybody who has llmspell installed.

This file is imported at every start of pytest: it imports nothing of the server before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from llmspell.testing.server import LLMServer


@pytest.fixture
def llm_server() -> Iterator[LLMServer]:
    """A model server on loopback for one test: `llm_server.base_url` is what clients need."""
    from llmspell.testing.server import LLMServer

    with LLMServer() as server:
        yield server
    if server.errors:
        raise ExceptionGroup("the model server could not answer as scripted", server.errors)
