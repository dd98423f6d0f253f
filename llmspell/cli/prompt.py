"""The prompt on a terminal: keys, history, completion. Only here is prompt_toolkit imported, and only by `repl`.

The rule kept here: what a script has named is shown, and never run by showing it.
"""

from __future__ import annotations

import os
import re
import signal
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application, get_app, get_app_or_none
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import TabsProcessor

from llmspell.capabilities.surface import SURFACE
from llmspell.cli.signals import CODES
from llmspell.cli.statements import CheckError, is_command, wants_more
from llmspell.cli.terminal import escaped
from llmspell.errors import LlmspellError
from llmspell.session import ScriptSession

LARGEST_HISTORY = 1024 * 1024
"""Bytes; of a larger file the newer half is kept."""
MOST_WORDS = 2000
INDENT = "  "
_WORD = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_BEFORE = re.compile(r"((?:[^\W\d]|\$)[\w$]*(?:[.:](?:[^\W\d]|\$)[\w$]*)*)([.:])([\w$]*)$")
_ALONE = re.compile(r"(?:[^\W\d]|\$)[\w$]*$")


class Prompt:
    """Asks for statements."""

    def __init__(self, session: ScriptSession, *, history_file: str, commands: Iterable[str]) -> None:
        self._name = session.engine.name
        self._names = Names(session, commands)
        self._session: PromptSession[str] = PromptSession(
            history=open_history(history_file),
            completer=self._names,
            complete_while_typing=False,
            key_bindings=_keys(session),
            multiline=True,
            enable_suspend=True,
            input_processors=[TabsProcessor(tabstop=4, char1=" ", char2=" ")],
            prompt_continuation=lambda width, _line, wrapped: " " * width if wrapped else "." * (width - 1) + " ",
        )

    def ask(self) -> str:
        """The next statement.

        Raises KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D, Left for SIGTERM and SIGHUP, CheckError.
        """
        with _ended_by_signals():
            text = self._session.prompt(f"{self._name}> ", handle_sigint=False)
        self._names.learn(text)
        return text


class Left(Exception):
    """A signal has ended the prompt; `code` is the exit code that says which."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Lets what ends the prompt leave the terminal as it was. A Ctrl-C that comes when no key is waited for is none."""

    def end(number: int, _frame: object) -> None:
        stopped = KeyboardInterrupt() if number == signal.SIGINT else Left(CODES[signal.Signals(number)])
        app = get_app_or_none()
        if app is not None and app.loop is not None:
            app.loop.call_soon_threadsafe(leave, app, stopped)
        elif isinstance(stopped, Left):
            raise stopped

    def leave(app: Application[str], stopped: KeyboardInterrupt | Left) -> None:
        if app.is_running and not app.is_done:
            app.exit(exception=stopped)
        elif isinstance(stopped, Left):
            late.append(stopped)

    late: list[Left] = []
    before = {number: signal.getsignal(number) for number in CODES}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
    if late:
        raise late[0]


class Names(Completer):
    """Completes commands, the script's live names, those of the script API, and words that were typed before."""

    def __init__(self, session: ScriptSession, commands: Iterable[str]) -> None:
        self._session = session
        self._commands = sorted(commands)
        self._typed: dict[str, None] = {}

    def learn(self, text: str) -> None:
        """Takes the words of a statement: not every language shows what was declared."""
        if not is_command(text):
            self._typed.update(dict.fromkeys(_WORD.findall(text)[:MOST_WORDS]))
            for word in list(self._typed)[: max(len(self._typed) - MOST_WORDS, 0)]:
                del self._typed[word]

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterator[Completion]:
        """What could stand where the cursor is."""
        text = document.text_before_cursor
        if is_command(text):
            yield from _those(self._commands, text)
        elif member := _BEFORE.search(text[-500:]):
            yield from _those(self._members(member[1].replace(":", "."), method=member[2] == ":"), member[3])
        elif word := _ALONE.search(text[-500:]):
            yield from _those({*self._live(""), *_API, *self._typed}, word[0])

    def _members(self, path: str, *, method: bool) -> set[str]:
        known = SURFACE["globals"].get(path, {})
        found = {*self._live(path), *known}
        return found if found and not method else found | _METHODS

    def _live(self, path: str) -> tuple[str, ...]:
        try:
            return self._session.names(path)
        except LlmspellError:
            return ()  # it is said when a statement is run


_API = {*SURFACE["globals"], *SURFACE["functions"], *SURFACE["engine_made"]}
_METHODS = {name for made in SURFACE["objects"].values() for name in made["methods"]}


def _those(names: Iterable[str], begin: str) -> Iterator[Completion]:
    hidden = begin.startswith("_")
    for name in sorted(names):
        if name.startswith(begin) and name != begin and name.isprintable() and (hidden or name[0] != "_"):
            yield Completion(name, -len(begin), display=escaped(name))


def _keys(session: ScriptSession) -> KeyBindings:
    """Enter ends a statement, or begins its next line where more is to come; Alt-Enter always begins one."""
    keys = KeyBindings()

    @Condition
    def at_begin_of_line() -> bool:
        return not get_app().current_buffer.document.current_line_before_cursor.strip()

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        try:
            more = wants_more(session, buffer.text)
        except LlmspellError:
            more = False  # what is wrong comes again when the statement is run
        except CheckError as error:
            buffer.append_to_history()
            event.app.exit(exception=error)
            return
        if more:
            buffer.newline(copy_margin=True)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=True)

    @keys.add("tab", filter=at_begin_of_line)
    def indent(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(INDENT)

    return keys


def open_history(path: str) -> History:
    """What was typed before, in a file that only the user can read; in memory where that cannot be."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        opened = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600
        )
        try:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return InMemoryHistory()
            os.fchmod(opened, 0o600)
            _shorten(opened)
        finally:
            os.close(opened)
    except OSError:
        return InMemoryHistory()
    return _Kept(path)


def _shorten(opened: int) -> None:
    """Keeps the newer half of a file that is too large."""
    size = os.fstat(opened).st_size
    if size > LARGEST_HISTORY:
        rest = os.pread(opened, LARGEST_HISTORY // 2, size - LARGEST_HISTORY // 2)
        os.ftruncate(opened, 0)
        os.write(opened, rest[max(rest.find(b"\n# "), 0) :])


class _Kept(FileHistory):
    """A file that may become unwritable: what was typed is in memory all the same."""

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except (OSError, UnicodeError):
            pass
