"""What a runtime is given beside its engine, by name: for those who check types, so that a wrong name is found by them.

The rule kept here: the names and types are those of `ScriptRuntime.__init__`; nothing loads this file but a checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypedDict

from llmspell.capabilities.budgeted import Waiting
from llmspell.capabilities.scripting import LogSink, Reader
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.providers.manager import ProviderManager
from llmspell.tools.tool import Tool


class RuntimeOptions(TypedDict, total=False):
    """The options of `ScriptRuntime.with_lua` and `with_engine`."""

    providers: ProviderManager | Callable[[], ProviderManager] | None
    tools: Iterable[Tool]
    policy: Policy | None
    limits: Limits | None
    require: Iterable[str]
    log: LogSink | None
    stdin: Reader | None
    waiting: Waiting | None
