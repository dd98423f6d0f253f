"""`Agent`: make agents, ask them, and read what they have kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from llmspell.agents.conversation import Agent, describe
from llmspell.capabilities.agent_config import MAX_TOKENS, read_config
from llmspell.capabilities.arguments import invalid, kind_of, mapping, number, only, short_name, whole
from llmspell.capabilities.kept import Kept
from llmspell.capabilities.scripting import LogSink
from llmspell.capabilities.spending import Spending
from llmspell.capabilities.streams import Streams
from llmspell.errors import CallError, ErrorKind
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import Completion
from llmspell.sandbox.broker import Handler, Later, weight
from llmspell.tools.tool import Tool, canonical

MAX_AGENTS = 1000
AGENT_BYTES = 2048
"""What an agent takes beside its texts."""


class AgentCalls:
    """The agents of one run."""

    def __init__(
        self,
        providers: ProviderManager,
        tools: Mapping[str, Tool],
        policy: Policy,
        limits: Limits,
        *,
        spending: Spending,
        streams: Streams,
        log: LogSink,
    ) -> None:
        self._providers = providers
        self._tools = tools
        self._policy = policy
        self._seconds = limits.wall
        self._spending = spending
        self._streams = streams
        self._log = log
        self._kept = Kept(limits.kept)
        self._agents: dict[str, Agent] = {}
        self._numbered = 0
        self._noticed: set[str] = set()

    def handlers(self) -> dict[str, Handler]:
        """The capabilities that this file answers."""
        return {
            "agent.create": Handler(self.create),
            "agent.list": Handler(lambda _: sorted(self._agents)),
            "agent.get": Handler(self.get, named="name"),
            "agent.execute": Handler(self.execute, named="self"),
            "agent.stream": Handler(self.stream, named="self"),
            "agent.config": Handler(lambda arguments: self._agent(arguments).config.as_map(), named="self"),
            "agent.get_state": Handler(lambda arguments: self._agent(arguments).state, named="self"),
            "agent.set_state": Handler(self.set_state, named="self"),
            "agent.metrics": Handler(lambda arguments: self._agent(arguments).metrics(), named="self"),
            "agent.has_tool": Handler(self.has_tool, named="self"),
            "agent.reset": Handler(self.reset, named="self"),
        }

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Makes an agent and describes it."""
        if len(self._agents) >= MAX_AGENTS:
            raise CallError(ErrorKind.BUDGET, f"this run has {MAX_AGENTS} agents, which is all it may have")
        given = mapping(arguments, "config", of="Agent.create")
        config, provider = read_config(
            given, name=f"agent-{self._numbered + 1}", providers=self._providers, policy=self._policy, tools=self._tools
        )
        if config.name in self._agents:
            raise invalid(f"Agent.create: there is an agent {config.name!r} already; give this one another name")
        self._kept.hold(f"config:{config.name}", weight(config) + AGENT_BYTES)
        self._numbered += 1
        self._agents[config.name] = Agent(config, provider)
        return _describe_agent(self._agents[config.name])

    def get(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """What describes an agent of this run, or None."""
        agent = self._agents.get(short_name(arguments, "name", of="Agent.get"))
        return _describe_agent(agent) if agent is not None else None

    def execute(self, arguments: Mapping[str, Any]) -> Any:
        """Asks an agent and gives its whole answer."""
        agent, text, parameters = self._asked(arguments)
        request = agent.request(text, parameters)
        self._begin_call(agent)
        begun = time.monotonic()

        def ask() -> dict[str, Any]:
            try:
                completion = agent.provider.complete(request)
            except CallError:
                agent.failures += 1
                raise
            seconds = time.monotonic() - begun
            self._answered(agent, text, completion, seconds)
            return describe(completion, seconds)

        if agent.provider.blocking:
            return Later(job=ask, seconds=self._seconds, name=f"agent {agent.config.name}")
        return ask()

    def stream(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Asks an agent and gives a stream of its answer."""
        agent, text, parameters = self._asked(arguments)
        self._streams.check_room()
        self._begin_call(agent)
        chunks = agent.provider.stream(agent.request(text, parameters))
        return self._streams.open(
            chunks,
            lambda completion, seconds: self._answered(agent, text, completion, seconds),
            blocking=agent.provider.blocking,
        )

    def set_state(self, arguments: Mapping[str, Any]) -> None:
        """Keeps a map for the script."""
        agent = self._agent(arguments)
        state = mapping(arguments, "state", of="agent:set_state")
        self._kept.hold(f"state:{agent.config.name}", weight(state))
        agent.state = state

    def has_tool(self, arguments: Mapping[str, Any]) -> bool:
        """Whether an agent was made with a tool."""
        return canonical(short_name(arguments, "name", of="agent:has_tool")) in self._agent(arguments).config.tools

    def reset(self, arguments: Mapping[str, Any]) -> None:
        """Forgets an agent's conversation."""
        agent = self._agent(arguments)
        agent.reset()
        self._kept.release(f"conversation:{agent.config.name}")

    def _agent(self, arguments: Mapping[str, Any]) -> Agent:
        name = short_name(arguments, "self", of="agent")
        if name not in self._agents:
            raise CallError(ErrorKind.NOT_FOUND, f"there is no agent {name!r} in this run")
        return self._agents[name]

    def _asked(self, arguments: Mapping[str, Any]) -> tuple[Agent, str, dict[str, Any]]:
        """The agent, the text and the parameters of a question."""
        agent = self._agent(arguments)
        given = arguments.get("input")
        if type(given) is str:
            return agent, given, {}
        if type(given) is not dict:
            raise invalid(f"agent:execute needs text, or a table with text, not {kind_of(given)}")
        only(given, ["text", "parameters", "output_modalities", "media"], of="agent:execute")
        if given.get("media") or given.get("output_modalities") not in (None, {}, ["text"]):
            raise invalid("agent:execute: media are not part of this version of llmspell; send text")
        if type(given.get("text")) is not str:
            raise invalid(f"agent:execute: text must be text, not {kind_of(given.get('text'))}")
        asked = mapping(given, "parameters", of="agent:execute")
        only(asked, ["temperature", "max_tokens"], of="agent:execute: parameters")
        parameters = {
            "temperature": number(asked, "temperature", of="agent:execute", least=0, most=2),
            "max_tokens": whole(asked, "max_tokens", of="agent:execute", least=1, most=MAX_TOKENS),
        }
        return agent, given["text"], {key: value for key, value in parameters.items() if value is not None}

    def _begin_call(self, agent: Agent) -> None:
        self._spending.begin_call()
        notice = agent.provider.notice
        if notice is not None and agent.config.provider not in self._noticed:
            self._noticed.add(agent.config.provider)
            self._log("warn", notice, {})

    def _answered(self, agent: Agent, text: str, completion: Completion, seconds: float) -> None:
        agent.answered(text, completion, seconds)
        self._spending.end_call(completion)
        self._kept.hold(f"conversation:{agent.config.name}", agent.held)


def _describe_agent(agent: Agent) -> dict[str, Any]:
    config = agent.config
    return {"id": config.name, "name": config.name, "provider": config.provider, "model": config.model}
