"""The configuration: where it is found, who may say what in it, and what it comes to.

This package keeps the rule that a file which a cloned repository brings is hostile until the user has
trusted it (`architecture.md`, Trust), and that a run without any configuration pays next to nothing for
all this: what is imported here leads to no TOML, JSON, hash or platform library.
"""

from __future__ import annotations

from llmspell.config.configuration import Configuration
from llmspell.config.loading import load

__all__ = ["Configuration", "load"]
