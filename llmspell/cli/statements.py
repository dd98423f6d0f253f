"""What is typed, as statements: whether more is to come, and what is run for it.

The rule kept here: nothing is known of any language. An engine says itself whether a source is the begin of a longer
one (`Outcome.incomplete`), and an expression is what it takes behind `return`.
"""

from __future__ import annotations

from llmspell.outcome import Outcome, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmspell.session import ScriptSession

NAME = "repl"
"""What a statement is called in errors."""


def is_command(text: str) -> bool:
    """Whether it is for the prompt itself: `:quit`. Two colons begin a label in some languages."""
    return text.startswith(":") and not text.startswith("::")


class CheckError(Exception):
    """Nobody knows what a statement is: a limit or a crash has ended the check of it, as `outcome` says."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(outcome.verdict.value)
        self.outcome, self.text = outcome, text


def wants_more(session: ScriptSession, text: str) -> bool:
    """Whether a statement is not over: it does not parse as yet, or its last line is in a block that may go on.

    Raises CheckError.
    """
    if not text.strip() or is_command(text):
        return False
    returning = _check(session, _returning(text))
    if returning.ok:
        return False
    checked = _check(session, text)
    if not checked.ok:
        return checked.incomplete or returning.incomplete
    return _indented(text) and not _check(session, _flat(text)).ok


def runnable(session: ScriptSession, text: str) -> str:
    """The source that gives the statement's value, where it has one. Raises CheckError."""
    returning = _returning(text)
    return returning if _check(session, returning).ok else text


def split(session: ScriptSession, lines: Iterator[str]) -> Iterator[str]:
    """The statements in lines of text. The last one is given as it is, unfinished or not. Raises CheckError."""
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


def _indented(text: str) -> bool:
    last = text.rpartition("\n")[2] if "\n" in text else ""
    return last[:1].isspace() and not last.isspace()


def _flat(text: str) -> str:
    """The text without indentation: where it parses all the same, indentation says nothing of where a block ends."""
    return "\n".join(line.lstrip() for line in text.split("\n"))


def _check(session: ScriptSession, text: str) -> Outcome:
    outcome = session.execute(text.encode("utf-8", "surrogateescape"), name=NAME, mode="check")
    if outcome.verdict not in (Verdict.OK, Verdict.ERROR):
        raise CheckError(outcome, text)
    return outcome
