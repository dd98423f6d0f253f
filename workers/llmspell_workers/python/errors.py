"""What a failed call raises in a script: a class for each kind of error, all of them `CallError`.

The rule kept here: these classes are part of the script API (`docs/python-engine.md`); a script catches them by name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class CallError(Exception):
    """A call of the host that failed. `kind` says why, `message` is for people, `details` is what else is known."""

    kind = "internal"

    def __init__(self, message: str = "", *, kind: str | None = None, details: Mapping[str, object] | None = None):
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        if kind is not None:
            self.kind = kind


class ToolError(CallError):
    """A tool failed."""

    kind = "tool"


class ProviderError(CallError):
    """A model's provider failed."""

    kind = "provider"


class DeniedError(CallError):
    """The policy of the run does not grant it."""

    kind = "denied"


class ValidationError(CallError, ValueError):
    """The arguments do not fit, or cannot travel."""

    kind = "validation"


class TimedOutError(CallError, TimeoutError):
    """It took longer than it may."""

    kind = "timeout"


class BudgetError(CallError):
    """A bound on one grant, tool or agent is used up."""

    kind = "budget"


class NotFoundError(CallError, LookupError):
    """There is nothing of that name."""

    kind = "not_found"


class InternalError(CallError):
    """The host failed."""


class UnknownNameError(NotFoundError, AttributeError):
    """The script API has no such function."""


class DeniedImportError(DeniedError, ImportError):
    """A module beside the script may not be read."""


CLASSES = (
    CallError, ToolError, ProviderError, DeniedError, ValidationError, TimedOutError, BudgetError, NotFoundError,
    InternalError,
)  # fmt: skip
"""Those that a script has as globals."""
_BY_KIND = {one.kind: one for one in CLASSES[1:]}
KINDS = frozenset(_BY_KIND)


def call_error(value: object) -> CallError:
    """The exception for the error in a reply: `{kind, message, details}`."""
    if not isinstance(value, dict):
        return InternalError("the host said nothing of what failed")
    kind, message, details = value.get("kind"), value.get("message"), value.get("details")
    known = _BY_KIND.get(kind) if isinstance(kind, str) else None
    text = message if isinstance(message, str) else "error"
    if known is None:
        return CallError(text, kind=str(kind), details=details if isinstance(details, dict) else None)
    return known(text, details=details if isinstance(details, dict) else None)
