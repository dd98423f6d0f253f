"""What is typed, as statements: whether more is to come, and what is run for it.

The rule kept here: nothing is known of any language. An engine says itself whether a source is the begin of a longer
one (`Outcome.incomplete`), and an expression is what it takes behind `return`.
"""

from __future__ import annotations

from llmspell.errors import LlmspellError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmspell.outcome import Outcome
    from llmspell.session import ScriptSession

NAME = "repl"
"""What a statement is called in errors."""


def is_command(text: str) -> bool:
    """Whether it is for the prompt itself: `:quit`. Two colons begin a label in some languages."""
    return text.startswith(":") and not text.startswith("::")


def wants_more(session: ScriptSession, text: str) -> bool:
    """Whether a statement is not over: it does not parse as yet, or an indented last line may have another below it."""
    if not text.strip() or is_command(text):
        return False
    if _check(session, _returning(text)).ok:
        return False
    checked = _check(session, text)
    last = text.rpartition("\n")[2] if "\n" in text else ""
    return checked.incomplete or (checked.ok and last[:1].isspace() and not last.isspace())


def runnable(session: ScriptSession, text: str) -> str:
    """The source that gives the statement's value, where it has one."""
    returning = _returning(text)
    return returning if _check(session, returning).ok else text


def split(session: ScriptSession, lines: Iterator[str]) -> Iterator[str]:
    """The statements in lines of text. The last one is given as it is, unfinished or not."""
    held = ""
    for line in lines:
        held += line
        if not wants_more(session, held.removesuffix("\n")):
            if held.strip():
                yield held.removesuffix("\n")
            held = ""
    if held.strip():
        yield held


def _returning(text: str) -> str:
    return f"return {text}"


def _check(session: ScriptSession, text: str) -> Outcome:
    return session.execute(text.encode("utf-8", "surrogateescape"), name=NAME, mode="check")


def would_want_more(session: ScriptSession, text: str) -> bool:
    """The same where nothing may be raised: what is wrong comes again when the statement is run."""
    try:
        return wants_more(session, text)
    except LlmspellError:
        return False
