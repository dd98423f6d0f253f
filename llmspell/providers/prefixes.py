"""The names that need no configuration: providers that litellm knows, and the variables that hold their keys.

This file keeps the rule that a name is understood without importing litellm (3 s).
Source: `litellm.provider_list` and `litellm.validate_environment` of litellm 1.106.2; common ones, not all.
"""

from typing import NamedTuple

from llmspell.providers.settings import ConfiguredProvider

KEY_NAMES: dict[str, tuple[str, ...]] = {
    "ai21": ("AI21_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure": ("AZURE_API_KEY",),
    "azure_ai": ("AZURE_AI_API_KEY",),
    "bedrock": (),
    "cerebras": ("CEREBRAS_API_KEY",),
    "cloudflare": ("CLOUDFLARE_API_KEY",),
    "codestral": ("CODESTRAL_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "cohere_chat": ("COHERE_API_KEY",),
    "dashscope": ("DASHSCOPE_API_KEY",),
    "databricks": ("DATABRICKS_API_KEY",),
    "deepinfra": ("DEEPINFRA_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_AI_API_KEY", "FIREWORKS_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "github": ("GITHUB_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "hosted_vllm": (),
    "llamafile": (),
    "lm_studio": (),
    "mistral": ("MISTRAL_API_KEY",),
    "moonshot": ("MOONSHOT_API_KEY",),
    "nvidia_nim": ("NVIDIA_NIM_API_KEY",),
    "ollama": (),
    "ollama_chat": (),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "replicate": ("REPLICATE_API_KEY",),
    "sagemaker": (),
    "sambanova": ("SAMBANOVA_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY"),
    "vertex_ai": (),
    "watsonx": ("WATSONX_API_KEY", "WATSONX_APIKEY"),
    "xai": ("XAI_API_KEY",),
    "zai": ("ZAI_API_KEY",),
}
"""By litellm's prefix: the variables that may hold the key, in the order in which they are asked. Empty: the
provider needs none (a server of one's own), or finds its credentials its own way (Amazon, Vertex)."""

_WATCHED = "anthropic databricks deepseek fireworks_ai groq hosted_vllm mistral ollama ollama_chat"
WATCHED = frozenset([*_WATCHED.split(), "openrouter", "together_ai", "xai"])
"""Prefixes that litellm calls through its own HTTP client, and to which it lets us hand ours; `openai` goes
through the OpenAI library, which takes ours as well. All others use a connection that we cannot watch."""


class Route(NamedTuple):
    """How litellm is asked: its prefix, and the model behind the prefix."""

    prefix: str
    model: str

    @property
    def specifier(self) -> str:
        """The model as litellm wants it written."""
        return f"{self.prefix}/{self.model}"


def route(name: str, settings: ConfiguredProvider, model: str) -> Route | None:
    """The way to `model` of the provider `name`, or None when nothing says which protocol it speaks.

    A name that litellm knows is its own prefix; any other with a `base_url` speaks the OpenAI protocol;
    without one the model itself must begin with a prefix.
    """
    if name in KEY_NAMES:
        return Route(name, model)
    if settings.base_url is not None:
        return Route("openai", model)
    prefix, slash, rest = model.partition("/")
    return Route(prefix, rest) if slash and prefix in KEY_NAMES else None


def key_names(settings: ConfiguredProvider, prefix: str | None) -> tuple[str, ...]:
    """The variables that may hold the key; the first that is set is sent. Empty: no key is looked for.

    A `base_url` without an `api_key_env` is sent no key at all: the key of the public service is not for it.
    """
    if settings.api_key_env is not None:
        return (settings.api_key_env,)
    if settings.base_url is not None or prefix is None:
        return ()
    return KEY_NAMES[prefix]
