"""llmspell runs scripts that talk to language models and tools, and does not have to trust them.

The public names, each loaded on first use (PEP 562): `import llmspell` costs almost nothing.
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # not from typing: it loads for longer than all else that the command line needs to start a worker
)
if TYPE_CHECKING:
    from llmspell.agents.base import BaseAgent
    from llmspell.agents.config import AgentConfig
    from llmspell.agents.contract import check_agent
    from llmspell.agents.llm import LLMAgent
    from llmspell.agents.tool_box import LocalTools, ToolBox
    from llmspell.engines.bridge import EngineFeatures, ScriptEngineBridge
    from llmspell.engines.factory import EngineFactory, EngineSpec
    from llmspell.errors import CallError, ConfigError, ErrorKind, LlmspellError, SetupError, UsageError
    from llmspell.limits import Limits
    from llmspell.outcome import Outcome, Verdict
    from llmspell.policy import ModelGrant, Policy, ToolGrant, default_policy
    from llmspell.providers.manager import ProviderManager
    from llmspell.providers.provider import Provider, ProviderCapabilities, ProviderInstance
    from llmspell.providers.settings import ProviderSettings
    from llmspell.runtime import ScriptRuntime
    from llmspell.sandbox.wake import Cancellation
    from llmspell.session import ScriptSession
    from llmspell.tools.function_tool import FunctionTool
    from llmspell.types.agent_io import AgentInput, AgentOutput, OutputMetadata, ToolCall, ToolOutput
    from llmspell.types.formats import MediaType
    from llmspell.types.media import MediaContent
    from llmspell.types.streaming import AgentChunk, AgentStream, ChunkContent

__version__ = "0.1.0"

_HOMES = {
    "AgentChunk": "types.streaming",
    "AgentConfig": "agents.config",
    "AgentInput": "types.agent_io",
    "AgentOutput": "types.agent_io",
    "AgentStream": "types.streaming",
    "BaseAgent": "agents.base",
    "CallError": "errors",
    "Cancellation": "sandbox.wake",
    "ChunkContent": "types.streaming",
    "ConfigError": "errors",
    "EngineFactory": "engines.factory",
    "EngineFeatures": "engines.bridge",
    "EngineSpec": "engines.factory",
    "ErrorKind": "errors",
    "FunctionTool": "tools.function_tool",
    "LLMAgent": "agents.llm",
    "Limits": "limits",
    "LlmspellError": "errors",
    "LocalTools": "agents.tool_box",
    "MediaContent": "types.media",
    "MediaType": "types.formats",
    "ModelGrant": "policy",
    "Outcome": "outcome",
    "OutputMetadata": "types.agent_io",
    "Policy": "policy",
    "Provider": "providers.provider",
    "ProviderCapabilities": "providers.provider",
    "ProviderInstance": "providers.provider",
    "ProviderManager": "providers.manager",
    "ProviderSettings": "providers.settings",
    "ScriptEngineBridge": "engines.bridge",
    "ScriptRuntime": "runtime",
    "ScriptSession": "session",
    "SetupError": "errors",
    "ToolBox": "agents.tool_box",
    "ToolCall": "types.agent_io",
    "ToolGrant": "policy",
    "ToolOutput": "types.agent_io",
    "UsageError": "errors",
    "Verdict": "outcome",
    "check_agent": "agents.contract",
    "default_policy": "policy",
}

__all__ = [
    "AgentChunk",
    "AgentConfig",
    "AgentInput",
    "AgentOutput",
    "AgentStream",
    "BaseAgent",
    "CallError",
    "Cancellation",
    "ChunkContent",
    "ConfigError",
    "EngineFactory",
    "EngineFeatures",
    "EngineSpec",
    "ErrorKind",
    "FunctionTool",
    "LLMAgent",
    "Limits",
    "LlmspellError",
    "LocalTools",
    "MediaContent",
    "MediaType",
    "ModelGrant",
    "Outcome",
    "OutputMetadata",
    "Policy",
    "Provider",
    "ProviderCapabilities",
    "ProviderInstance",
    "ProviderManager",
    "ProviderSettings",
    "ScriptEngineBridge",
    "ScriptRuntime",
    "ScriptSession",
    "SetupError",
    "ToolBox",
    "ToolCall",
    "ToolGrant",
    "ToolOutput",
    "UsageError",
    "Verdict",
    "check_agent",
    "default_policy",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"llmspell.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'llmspell' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
