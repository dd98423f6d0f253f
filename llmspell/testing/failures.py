"""The errors of the OpenAI protocol: what is said with which status."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from llmspell.testing.answers import Failure

USUAL: dict[int, tuple[str, str, str | None]] = {
    400: ("Invalid request.", "invalid_request_error", None),
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    403: ("Project does not have access to this model.", "invalid_request_error", "model_not_found"),
    404: ("The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
    405: ("Not allowed to use this method on this address.", "invalid_request_error", "method_not_supported"),
    408: ("Request timed out.", "timeout", "request_timeout"),
    411: ("The request says no content-length.", "invalid_request_error", None),
    413: ("The request is too large.", "invalid_request_error", "request_too_large"),
    429: ("Rate limit reached for requests. Please try again later.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    502: ("Bad gateway.", "server_error", "bad_gateway"),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
    529: ("Overloaded.", "overloaded_error", "overloaded"),
}
"""By status: message, type and code. Source: OpenAI's guide to error codes; 529 is Anthropic's, and 502 what a
gateway in front of either says."""

NO_KEY = Failure(
    401,
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY).",
)


def wrong_key(key: str) -> Failure:
    """The refusal of a key, which quotes it as OpenAI does: both ends of it."""
    shown = f"{key[:8]}{'*' * max(len(key) - 12, 4)}{key[-4:]}" if len(key) > 12 else "*" * len(key)
    return Failure(401, f"Incorrect API key provided: {shown}. You can find your API key in your account.")


def unknown_model(model: str | None) -> Failure:
    """The refusal of a model that the server does not have."""
    return Failure(404, f"The model `{model}` does not exist or you do not have access to it.")


def unknown_address(method: str, path: str) -> Failure:
    """The refusal of an address that the server does not know."""
    return Failure(404, f"Invalid URL ({method} {path})", code="unknown_url")


def document_of(failure: Failure) -> dict[str, Any]:
    """The body of the error."""
    message, kind, code = USUAL.get(failure.status, ("Something went wrong.", "api_error", None))
    return {
        "error": {
            "message": message if failure.message is None else failure.message,
            "type": kind if failure.type is None else failure.type,
            "param": None,
            "code": code if failure.code is None else failure.code,
        }
    }


def headers_of(failure: Failure) -> dict[str, str]:
    """The headers of the error, beside those of every document."""
    match failure.retry_after:
        case None:
            return dict(failure.headers)
        case datetime() as moment:
            after = format_datetime(moment, usegmt=True)
        case str() as after:
            pass
        case seconds:
            after = f"{seconds:g}"
    return {"retry-after": after, **failure.headers}
