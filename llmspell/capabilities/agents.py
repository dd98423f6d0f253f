"""`Agent`: make agents, ask them, and read what they have kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.agents.llm import LLMAgent
from llmspell.capabilities.agent_config import read_config
from llmspell.capabilities.arguments import invalid, mapping, short_name
from llmspell.capabilities.budgeted import NOBODY_WATCHES, BudgetedProvider, Waiting
from llmspell.capabilities.kept import Kept
from llmspell.capabilities.model_tools import ModelTools, Nested
from llmspell.capabilities.purse import Purse
from llmspell.capabilities.questions import read_question, show_answer, show_chunk
from llmspell.capabilities.scripting import LogSink
from llmspell.capabilities.spending import Spending
from llmspell.capabilities.streams import Streams
from llmspell.errors import CallError, ErrorKind
from llmspell.limits import Limits
from llmspell.outcome import Usage
from llmspell.policy import Policy
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import Provider
from llmspell.sandbox.broker import Handler, Later
from llmspell.sandbox.weight import weight
from llmspell.tools.tool import Tool, canonical
from llmspell.types.agent_io import AgentInput

if TYPE_CHECKING:
    from llmspell.capabilities.agent_config import Candidate, Wanted
    from llmspell.capabilities.tools import ToolCalls
    from llmspell.sandbox.threads import Threads

MAX_AGENTS = 1000
AGENT_BYTES = 2048
"""What an agent takes beside its texts."""


class _Agent:
    """An agent of a script, and what the script keeps with it."""

    __slots__ = ("blocking", "llm", "notice", "state")

    def __init__(self, llm: LLMAgent, *, blocking: bool) -> None:
        self.llm = llm
        self.blocking = blocking
        self.state: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return self.llm.config.name


class AgentCalls:
    """The agents of one run, and their streams. `tool_calls` gives the run's tools, made when an agent has some."""

    def __init__(
        self,
        providers: ProviderManager,
        policy: Policy,
        limits: Limits,
        *,
        tools: Mapping[str, Tool],
        tool_calls: Callable[[], ToolCalls],
        nested: Nested,
        threads: Callable[[], Threads],
        log: LogSink,
        waiting: Waiting | None = None,
        watched: Callable[[str, Provider], Provider] = lambda _agent, provider: provider,
    ) -> None:
        self._providers = providers
        self._policy = policy
        self._seconds = limits.wall
        self._tools, self._tool_calls, self._nested, self._threads = tools, tool_calls, nested, threads
        self._log = log
        self._waiting = waiting or NOBODY_WATCHES
        self._watched = watched
        self._spending = Spending(limits)
        self._grants = {
            pattern: Purse(
                f"the grant of {pattern}", calls=grant.max_calls, tokens=grant.max_tokens, cost=grant.max_cost
            )
            for pattern, grant in policy.model_bounds.items()
        }
        self._streams = Streams(seconds=limits.wall)
        self._kept = Kept(limits.kept)
        self._agents: dict[str, _Agent] = {}
        self._numbered = 0
        self._own: dict[str, ProviderManager] = {}  # by the address that agents of this run were made with
        self._noticed: set[str] = set()

    @property
    def spent(self) -> Usage:
        """What the models have used, and nothing else of the run's usage."""
        return self._spending.spent

    def handlers(self) -> dict[str, Handler]:
        """The capabilities that this file and its streams answer."""
        return {
            "agent.create": Handler(self.create),
            "agent.list": Handler(lambda _: sorted(self._agents)),
            "agent.get": Handler(self.get, named="name"),
            "agent.execute": Handler(self.execute, named="self"),
            "agent.stream": Handler(self.stream, named="self"),
            "agent.config": Handler(lambda arguments: self._agent(arguments).llm.config.as_map(), named="self"),
            "agent.get_state": Handler(lambda arguments: self._agent(arguments).state, named="self"),
            "agent.set_state": Handler(self.set_state, named="self"),
            "agent.metrics": Handler(lambda arguments: self._agent(arguments).llm.metrics(), named="self"),
            "agent.has_tool": Handler(self.has_tool, named="self"),
            "agent.reset": Handler(self.reset, named="self"),
            **self._streams.handlers(),
        }

    def forget(self) -> None:
        """No agent is left, nor any connection; what was spent stays spent."""
        self._disconnect()
        self._spending.end_calls()
        self._close_own()
        self._agents = {}
        self._kept = Kept(self._kept.allowed)

    def close(self) -> None:
        """The run is over: every connection is closed, whoever waits in it."""
        self._disconnect()
        self._spending.close()
        self._close_own()

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Makes an agent and describes it."""
        if len(self._agents) >= MAX_AGENTS:
            raise CallError(ErrorKind.BUDGET, f"this run has {MAX_AGENTS} agents, which is all it may have")
        given = mapping(arguments, "config", of="Agent.create")
        wanted = read_config(
            given,
            name=f"agent-{self._numbered + 1}",
            providers=self._providers,
            own=self._own,
            policy=self._policy,
            tools=self._tools,
        )
        name = wanted.config.name
        if name in self._agents:
            raise invalid(f"Agent.create: there is an agent {name!r} already; give this one another name")
        made = self._made(wanted)
        self._kept.hold(f"config:{name}", weight(wanted.config) + AGENT_BYTES)
        self._numbered += 1
        self._agents[name] = made
        return _describe(made)

    def get(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """What describes an agent of this run, or None."""
        agent = self._agents.get(short_name(arguments, "name", of="Agent.get"))
        return _describe(agent) if agent is not None else None

    def execute(self, arguments: Mapping[str, Any]) -> Any:
        """Asks an agent and gives its whole answer."""
        agent, question = self._asked(arguments, of="agent:execute")

        def ask() -> dict[str, Any]:
            answer = agent.llm.execute(question)
            self._remember(agent)
            return show_answer(answer)

        if agent.blocking:
            return Later(job=ask, seconds=self._seconds, name=f"agent {agent.name}")
        return ask()

    def stream(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Asks an agent and gives a stream of its answer."""
        agent, question = self._asked(arguments, of="agent:stream")
        self._streams.check_room()
        stream = agent.llm.stream_execute(question)

        def shown(chunk: Any) -> dict[str, Any]:
            if chunk.metadata.is_final:
                self._remember(agent)
            return show_chunk(chunk, stream.output)

        return self._streams.open(stream, shown, blocking=agent.blocking)

    def set_state(self, arguments: Mapping[str, Any]) -> None:
        """Keeps a map for the script."""
        agent = self._agent(arguments)
        state = mapping(arguments, "state", of="agent:set_state")
        self._kept.hold(f"state:{agent.name}", weight(state))
        agent.state = state

    def has_tool(self, arguments: Mapping[str, Any]) -> bool:
        """Whether an agent was made with a tool."""
        name = canonical(short_name(arguments, "name", of="agent:has_tool"))
        return name in self._agent(arguments).llm.config.tools

    def reset(self, arguments: Mapping[str, Any]) -> None:
        """Forgets an agent's conversation."""
        agent = self._agent(arguments)
        agent.llm.reset()
        self._kept.release(f"conversation:{agent.name}")

    def _disconnect(self) -> None:
        for agent in self._agents.values():
            agent.llm.cancel()
        self._streams.close_all()

    def _close_own(self) -> None:
        own, self._own = self._own, {}
        for providers in own.values():
            providers.close()

    def _made(self, wanted: Wanted) -> _Agent:
        config = wanted.config
        own = Purse(
            f"agent {config.name}",
            calls=wanted.max_calls,
            tokens=wanted.max_tokens_total,
            cost=wanted.max_cost_usd,
        )
        provider = self._within_budgets(config.name, wanted.candidates, own)
        if not config.tools:
            return _Agent(LLMAgent(config, provider), blocking=provider.blocking)
        tools = ModelTools(config.name, config.tools, self._tool_calls(), nested=self._nested, threads=self._threads)
        return _Agent(LLMAgent(config, provider, tools=tools), blocking=provider.blocking or tools.blocking)

    def _within_budgets(self, agent: str, candidates: tuple[Candidate, ...], own: Purse) -> Provider:
        """The provider that asks the candidates in turn, each within every budget that is its own."""
        made = [(self._budgeted(agent, candidate, own), candidate.model) for candidate in candidates]
        if len(made) == 1:
            return made[0][0]
        from llmspell.providers.fallback import with_fallbacks

        return with_fallbacks(made)

    def _budgeted(self, agent: str, candidate: Candidate, own: Purse) -> BudgetedProvider:
        from fnmatch import fnmatchcase

        grants = [purse for pattern, purse in self._grants.items() if fnmatchcase(candidate.specifier, pattern)]
        return BudgetedProvider(
            self._watched(agent, candidate.provider),
            self._spending,
            model=candidate.model,
            purses=(own, *grants),
            rate=0.0 if getattr(candidate.provider, "is_local", False) else self._policy.unknown_price / 1e6,
            by_rule=lambda model: self._say_once(
                f"nobody knows the price of {candidate.provider.name}/{model}:"
                f" {self._policy.unknown_price:g} USD for a million tokens are counted;"
                f" set providers.{candidate.provider.name}.prices to say what it costs"
            ),
            waiting=self._waiting,
        )

    def _agent(self, arguments: Mapping[str, Any]) -> _Agent:
        name = short_name(arguments, "self", of="agent")
        if name not in self._agents:
            raise CallError(ErrorKind.NOT_FOUND, f"there is no agent {name!r} in this run")
        return self._agents[name]

    def _asked(self, arguments: Mapping[str, Any], *, of: str) -> tuple[_Agent, AgentInput]:
        """The agent and the question, once there is room to remember it."""
        agent = self._agent(arguments)
        question = read_question(arguments.get("input"), granted=self._policy.read, of=of)
        self._kept.check()
        notice = agent.llm.provider.notice
        if notice is not None:
            self._say_once(notice)
        return agent, question

    def _say_once(self, notice: str) -> None:
        if notice not in self._noticed:
            self._noticed.add(notice)
            self._log("warn", notice, {})

    def _remember(self, agent: _Agent) -> None:
        """Counts what the conversation takes. The answer is there, so it is the next question that may be refused."""
        self._kept.count(f"conversation:{agent.name}", agent.llm.held)


def _describe(agent: _Agent) -> dict[str, Any]:
    config = agent.llm.config
    return {"id": config.name, "name": config.name, "provider": config.provider, "model": config.model}
