"""All calls that one run may make, by capability; each kind is loaded when the script first makes a call of it.

The rule kept here: a script that calls no model and no tool costs the loading of neither (a tenth of a short run).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmspell.capabilities.scripting import LogSink, Reader, ScriptCalls
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.sandbox.broker import Handler

if TYPE_CHECKING:
    from llmspell.capabilities.modules import ModuleFolder
    from llmspell.capabilities.spending import Spending
    from llmspell.capabilities.streams import Streams
    from llmspell.providers.manager import ProviderManager
    from llmspell.tools.catalog import ToolCatalog


class RunCalls(dict[str, Handler]):
    """The handlers of one run; a look-up loads what is not there yet. Whoever made it closes it after the run."""

    def __init__(
        self,
        tools: ToolCatalog,
        policy: Policy,
        limits: Limits,
        *,
        providers: Callable[[], ProviderManager],
        spending: Spending,
        modules: ModuleFolder | None,
        log: LogSink,
        stdin: Reader,
    ) -> None:
        super().__init__(
            ScriptCalls(
                policy, modules=modules, log=log, log_bytes=limits.output, stdin=stdin, now=time.monotonic
            ).handlers()
        )
        self._tools, self._policy, self._limits = tools, policy, limits
        self._providers, self._spending, self._log = providers, spending, log
        self._streams: Streams | None = None
        self._kinds = {
            "tool": self._load_tools,
            "agent": self._load_agents,
            "stream": self._load_agents,
            "provider": self._load_providers,
        }

    def __missing__(self, capability: str) -> Handler:
        load = self._kinds.pop(capability.partition(".")[0], None)
        if load is None:
            raise KeyError(capability)
        load()
        return self[capability]

    def close(self) -> None:
        """Ends the streams that the script left open."""
        if self._streams is not None:
            self._streams.close_all()

    def _load_tools(self) -> None:
        from llmspell.capabilities.tools import ToolCalls

        self.update(ToolCalls(self._tools, self._policy, self._limits).handlers())

    def _load_agents(self) -> None:
        if self._streams is not None:
            return  # agents and streams are loaded together, and once
        from llmspell.capabilities.agents import AgentCalls
        from llmspell.capabilities.streams import Streams

        self._streams = streams = Streams(seconds=self._limits.wall)
        agents = AgentCalls(
            self._providers(),
            self._tools,
            self._policy,
            self._limits,
            spending=self._spending,
            streams=streams,
            log=self._log,
        )
        self.update({**agents.handlers(), **streams.handlers()})

    def _load_providers(self) -> None:
        from llmspell.capabilities.providers import ProviderCalls

        self.update(ProviderCalls(self._providers()).handlers())
