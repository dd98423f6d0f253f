"""What a runtime and its runs are given, by name: for those who check types, so that a wrong name is found by them.

The rule kept here: the names and types are those of `ScriptRuntime.__init__` and `ScriptRuntime.execute`; nothing loads
this file but a checker.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict

from llmspell.capabilities.budgeted import Waiting
from llmspell.capabilities.scripting import LogSink, Reader
from llmspell.engines.bridge import Emit
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.providers.manager import ProviderManager
from llmspell.sandbox.process import WorkerProcess
from llmspell.sandbox.wake import Cancellation
from llmspell.tools.tool import Tool
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.file import Sink


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


class FileOptions(TypedDict, total=False):
    """The options of `ScriptRuntime.execute_file`."""

    arguments: Iterable[str]
    emit: Emit | None
    cancellation: Cancellation | None
    mode: str
    prestarted: WorkerProcess | None
    seed: int | None
    record: Sink | str | os.PathLike[str] | None
    replay: Cassette | str | os.PathLike[str] | None
    replay_mode: str
    labels: Mapping[str, str] | None


class RunOptions(FileOptions, total=False):
    """The options of `ScriptRuntime.aexecute`: those of a run whose script came as text."""

    name: str
    folder: str | os.PathLike[str] | Mapping[str, bytes] | None
