"""The conformance kit: a worker by somebody else, started as the host starts it, and tried rule by rule.

The rule kept here: a rule says what `docs/protocol.md` says, and nothing is concluded from what a worker claims.
"""

from llmspell.engines.conformance.report import SCHEMA, Checked, Report, check
from llmspell.engines.conformance.rule import Rule
from llmspell.engines.conformance.rules import RULES, SPELLS

__all__ = ["RULES", "SCHEMA", "SPELLS", "Checked", "Report", "Rule", "check"]
