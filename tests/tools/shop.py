"""What the tests of `json-processor` share: a document to query, and the kind that every refusal has."""

from __future__ import annotations

from llmspell.errors import CallError, ErrorKind

TOOL = "json-processor"
SHOP = {
    "users": [
        {"name": "Ada", "age": 36, "skills": ["rust", "lua"]},
        {"name": "Bob", "age": 25, "skills": []},
        {"name": "Cyd", "age": 30, "skills": ["lua"]},
    ],
    "projects": [
        {"name": "x", "status": "active"},
        {"name": "y", "status": "done"},
        {"name": "z", "status": "active"},
    ],
    "a key": 1,
    "none": None,
    "text": "abc",
}


def must_be_validation(error: CallError) -> None:
    assert error.kind is ErrorKind.VALIDATION
