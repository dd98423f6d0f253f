"""The server: starts on loopback in a millisecond, remembers what it was asked, leaves nothing behind."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Sequence
from re import Pattern
from types import TracebackType

from llmspell.testing.answers import Answer, Failure, Plain, Scripted
from llmspell.testing.checks import key_objection, objection
from llmspell.testing.connection import MAX_BODY
from llmspell.testing.endpoints import CHAT, MODELS, POSTED, TRANSCRIPTIONS, answer_by_rule, model_list, one_model
from llmspell.testing.failures import unknown_address
from llmspell.testing.gate import DEADLINE, Gate
from llmspell.testing.listener import Listener
from llmspell.testing.request import Request
from llmspell.testing.script import Rule, Script
from llmspell.testing.steps import Step, steps_of

_POLL = 0.01
"""Seconds that stopping waits at most for the thread that accepts."""


class LLMServer:
    """A server of the OpenAI protocol. A context manager: it listens while it is open.

    `key` is the only one that is taken; without one every caller is served. `models` are all there are; without
    any each model's name is taken. `tls` makes it speak HTTPS. What nobody scripted is answered by rule: with
    the last message of the user, or with the smallest document that fits the wanted schema.
    `requests` are those that came, in their order. `errors` are what scripted functions and documents raised.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        models: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        max_body: int = MAX_BODY,
    ) -> None:
        self.key = key
        self.models = tuple(models)
        self.max_body = max_body
        self.requests: list[Request] = []
        self.errors: list[Exception] = []
        self.stopping = threading.Event()
        self._script = Script()
        self._scheme = "http" if tls is None else "https"
        self._came = threading.Condition()
        self._waiting: set[Gate] = set()
        self._lock = threading.Lock()
        self._listener = Listener(port, self, tls)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": _POLL}, name="llmspell-testing"
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self._listener.server_address[1]}"

    @property
    def base_url(self) -> str:
        """Where the OpenAI protocol is spoken: what clients call `base_url`."""
        return f"{self.url}/v1"

    @property
    def chats(self) -> list[Request]:
        """The requests for chat completions."""
        return [request for request in self.requests if request.path == CHAT]

    def queue(self, *replies: Scripted) -> None:
        """The replies for the next chat completions, each used once, before any rule."""
        self._script.queue(*replies)

    def answer(
        self,
        reply: Scripted,
        *,
        match: str | Pattern[str] | None = None,
        model: str | None = None,
        nth: int | None = None,
        path: str = CHAT,
    ) -> None:
        """Adds a rule: the first one that fits answers. See `Rule`."""
        self.add(Rule(reply, match, model, nth, path))

    def add(self, rule: Rule) -> None:
        """Adds a rule behind the others."""
        self._script.add(rule)

    def clear(self) -> None:
        """Forgets the queue, the rules, the requests."""
        self._script.clear()
        self.requests.clear()

    def wait_for_request(self, count: int = 1, timeout: float = DEADLINE) -> Request:
        """Waits until that many requests have come; gives the last of them. Raises TimeoutError."""
        with self._came:
            if not self._came.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came within {timeout:g} s")
            return self.requests[count - 1]

    def stop(self) -> None:
        """Ends every connection, waits for every thread. It may be called twice."""
        self.stopping.set()
        with self._lock:
            for gate in self._waiting:
                gate.break_down()
        self._listener.shutdown()
        self._listener.cut_connections()
        self._listener.server_close()
        self._thread.join()

    def __enter__(self) -> LLMServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def steps_for(self, request: Request) -> Iterable[Step]:
        """For connections: notes the request; gives the steps of its answer."""
        with self._came:
            self.requests.append(request)
            self._came.notify_all()
        return steps_of(self._reply(request), request)

    def wait_at(self, gate: Gate) -> None:
        """For connections: waits until the gate is open. Raises ConnectionError when the server stops."""
        with self._lock:
            if self.stopping.is_set():
                raise ConnectionAbortedError("the server stops")
            self._waiting.add(gate)
        gate.pass_through()

    def _reply(self, request: Request) -> Answer | Failure | Plain:
        refused = key_objection(request, self.key)
        if refused is not None:
            return refused
        if request.method == "GET" and request.path == MODELS:
            return model_list(self.models)
        if request.method == "GET" and request.path.startswith(f"{MODELS}/"):
            return one_model(request.path.removeprefix(f"{MODELS}/"), self.models)
        if request.path in POSTED:
            refused = Failure(405) if request.method != "POST" else objection(request, self.models)
            return refused or self._made(self._script.reply_to(request) or answer_by_rule, request)
        scripted = self._script.reply_to(request)
        return unknown_address(request.method, request.path) if scripted is None else self._made(scripted, request)

    def _made(self, scripted: Scripted, request: Request) -> Answer | Failure | Plain:
        try:
            reply = scripted(request) if callable(scripted) else scripted
        except Exception as error:  # noqa: BLE001  a boundary: the test's own function, in a thread of ours
            self.errors.append(error)
            return Failure(500, f"the scripted function failed: {error!r}")
        if isinstance(reply, str):
            reply = Answer(reply)
        if isinstance(reply, Answer) and request.path == TRANSCRIPTIONS:
            return Plain({"text": reply.whole_text})
        return reply
