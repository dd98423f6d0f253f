"""llmspell runs scripts that talk to language models and tools, and does not have to trust them.

The public names, each loaded on first use (PEP 562): `import llmspell` costs almost nothing.
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # not from typing: it loads for longer than all else that the command line needs to start a worker
)
if TYPE_CHECKING:
    from llmspell.engines.bridge import EngineFeatures, ScriptEngineBridge
    from llmspell.engines.factory import EngineFactory, EngineSpec
    from llmspell.errors import CallError, ConfigError, ErrorKind, LlmspellError, SetupError, UsageError
    from llmspell.limits import Limits
    from llmspell.outcome import Outcome, Verdict
    from llmspell.policy import Policy, ToolGrant, default_policy
    from llmspell.providers.manager import ProviderManager
    from llmspell.runtime import ScriptRuntime
    from llmspell.sandbox.wake import Cancellation
    from llmspell.tools.function_tool import FunctionTool

__version__ = "0.1.0"

_HOMES = {
    "CallError": "errors",
    "Cancellation": "sandbox.wake",
    "ConfigError": "errors",
    "EngineFactory": "engines.factory",
    "EngineFeatures": "engines.bridge",
    "EngineSpec": "engines.factory",
    "ErrorKind": "errors",
    "FunctionTool": "tools.function_tool",
    "Limits": "limits",
    "LlmspellError": "errors",
    "Outcome": "outcome",
    "Policy": "policy",
    "ProviderManager": "providers.manager",
    "ScriptEngineBridge": "engines.bridge",
    "ScriptRuntime": "runtime",
    "SetupError": "errors",
    "ToolGrant": "policy",
    "UsageError": "errors",
    "Verdict": "outcome",
    "default_policy": "policy",
}

__all__ = [
    "CallError",
    "Cancellation",
    "ConfigError",
    "EngineFactory",
    "EngineFeatures",
    "EngineSpec",
    "ErrorKind",
    "FunctionTool",
    "Limits",
    "LlmspellError",
    "Outcome",
    "Policy",
    "ProviderManager",
    "ScriptEngineBridge",
    "ScriptRuntime",
    "SetupError",
    "ToolGrant",
    "UsageError",
    "Verdict",
    "default_policy",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"llmspell.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'llmspell' has no attribute {name!r}")
