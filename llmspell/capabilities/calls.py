"""All calls that one run may make, by capability; each kind is loaded when the script first makes a call of it.

The rule kept here: a script that calls no model and no tool costs the loading of neither (a tenth of a short run).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.capabilities.scripting import LogSink, Reader, ScriptCalls
from llmspell.limits import Limits
from llmspell.outcome import Usage
from llmspell.policy import Policy
from llmspell.sandbox.broker import Handler

if TYPE_CHECKING:
    from llmspell.capabilities.agents import AgentCalls
    from llmspell.capabilities.budgeted import Waiting
    from llmspell.capabilities.modules import ModuleFolder
    from llmspell.capabilities.packages import Packages
    from llmspell.capabilities.tools import ToolCalls
    from llmspell.providers.manager import ProviderManager
    from llmspell.providers.provider import Provider
    from llmspell.sandbox.broker import Broker
    from llmspell.sandbox.threads import Threads
    from llmspell.tools.catalog import ToolCatalog

    Watched = Callable[[str, Provider], Provider]


class RunCalls(dict[str, Handler]):
    """The handlers of one run, or of the runs of a session; a look-up loads what is not there yet. Whoever made it
    attaches the broker of each run, and closes it after the last. `waiting` is told when somebody waits for a model.
    """

    def __init__(
        self,
        tools: ToolCatalog,
        policy: Policy,
        limits: Limits,
        *,
        providers: Callable[[], ProviderManager],
        modules: ModuleFolder | None,
        log: LogSink,
        stdin: Reader,
        threads: Callable[[], Threads],
        waiting: Waiting | None = None,
        packages: Packages | None = None,
    ) -> None:
        self._script = ScriptCalls(
            policy,
            modules=modules,
            log=log,
            log_bytes=limits.output,
            stdin=stdin,
            now=time.monotonic,
            packages=packages,
        )
        super().__init__(self._script.handlers())
        self._tools, self._policy, self._limits = tools, policy, limits
        self._providers, self._log, self._threads, self._waiting = providers, log, threads, waiting
        self._broker: Broker | None = None
        self.watched: Watched = lambda _agent, provider: provider
        """Stands between each agent and its provider; set before the script makes its first call."""
        self._tool_calls: ToolCalls | None = None
        self._agents: AgentCalls | None = None
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

    def attach(self, broker: Broker) -> None:
        """A run begins, and whose calls these are: what models call is counted there."""
        self._broker = broker
        self._script.begin()

    @property
    def spent(self) -> Usage:
        """What the models of this run have used, and nothing else of its usage."""
        return Usage() if self._agents is None else self._agents.spent

    def forget(self) -> None:
        """The script's state is gone, and its agents with it; what it has spent stays spent."""
        if self._agents is not None:
            self._agents.forget()

    def close(self) -> None:
        """Ends what is under way: streams that the script left open, questions that nobody waits for any more."""
        if self._agents is not None:
            self._agents.close()

    def count_tool(self, name: str) -> None:
        """Counts a call of a tool that was made before, where it is bounded. Raises CallError."""
        self._made_tools().count(name)

    def _load_tools(self) -> None:
        self.update(self._made_tools().handlers())

    def _made_tools(self) -> ToolCalls:
        if self._tool_calls is None:
            from llmspell.capabilities.tools import ToolCalls

            self._tool_calls = ToolCalls(self._tools, self._policy, self._limits)
        return self._tool_calls

    def _load_agents(self) -> None:
        if self._agents is not None:
            return  # agents and streams are loaded together, and once
        from llmspell.capabilities.agents import AgentCalls

        self._agents = AgentCalls(
            self._providers(),
            self._policy,
            self._limits,
            tools=self._tools,
            tool_calls=self._made_tools,
            nested=self._nested,
            threads=self._threads,
            log=self._log,
            waiting=self._waiting,
            watched=self.watched,
        )
        self.update(self._agents.handlers())

    def _nested(
        self, capability: str, name: str, agent: str, run: Callable[[], Any], *, arguments: Mapping[str, Any]
    ) -> Any:
        """A model's call: agents outlive a run of a session, and each run has a broker of its own."""
        assert self._broker is not None, "a RunCalls is attached to its broker before it is used"
        return self._broker.nested(capability, name, agent, run, arguments=arguments)

    def _load_providers(self) -> None:
        from llmspell.capabilities.providers import ProviderCalls

        self.update(ProviderCalls(self._providers()).handlers())
