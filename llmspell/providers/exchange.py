"""One HTTP exchange with a provider, watched from below the client library.

Whatever library asks, its `httpx.Client` calls `watch` for each response, and the response's bytes then pass
through here: counted against a cap, checked against a deadline, and cut off when the caller closes.
This file keeps the rule that a provider's answer is bounded before it is in memory, and that closing frees
the connection, from another thread too. It imports httpx, so it is imported on first use only.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, NamedTuple

import httpx

from llmspell.limits import MIB, format_size
from llmspell.providers.context_variable import set_to
from llmspell.providers.events import EventCheck
from llmspell.providers.heads import watch_heads
from llmspell.providers.parts import MOST_VALUES, Values
from llmspell.providers.retry_after import seconds_until_retry
from llmspell.providers.words import Words, words_in

ERROR_CAP = 1 * MIB
"""The largest body of an answer with an error status, in bytes."""

_SEPARATORS = {"text/event-stream": (b"\n\n", b"\n\r\n"), "application/x-ndjson": (b"\n",)}
"""What ends an event, by content type; a body of any other type is one whole."""

_NOTED_BYTES = 64 * 1024
"""How much of a body is kept, to find in it why the call failed."""

_THIS_MACHINE = ("all://localhost", "all://127.0.0.1", "all://[::1]")

PLAIN = "identity"
"""The encoding that is asked for: a small compressed answer can be a large one."""


class Seen(NamedTuple):
    """What was seen of an answer: its HTTP status, what it says of a failure, in how many seconds a retry is
    welcome, and whether it is one document and no stream."""

    status: int | None
    words: Words | None
    retry_after: float | None
    is_document: bool

    @property
    def failed_status(self) -> int | None:
        """The status, if it is none of success."""
        return self.status if self.status is not None and self.status >= 300 else None


class AnswerRefusedError(Exception):
    """The provider's answer breaks a bound of ours; the message says which."""


class AnswerLateError(Exception):
    """The whole answer took longer than its deadline, though bytes kept coming."""


class ExchangeClosedError(Exception):
    """The caller closed the exchange while it was under way."""


_current: ContextVar[Exchange | None] = ContextVar("llmspell_exchange", default=None)


class Exchange:
    """The exchange of one call. `cap` is the largest body, or the largest event of a stream, in bytes.

    `clock` counts seconds for the deadline, `now` is the time of day: seconds since 1970. The head of an answer has
    `head_seconds` from when it is first waited for.
    """

    __slots__ = (
        "_cap",
        "_clock",
        "_closed",
        "_deadline",
        "_head_due",
        "_head_seconds",
        "_lock",
        "_now",
        "_received",
        "_retry_after",
        "_socket",
        "_status",
        "_tails",
    )

    def __init__(
        self,
        *,
        cap: int,
        deadline: float | None,
        head_seconds: float,
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._status: int | None = None
        self._retry_after: float | None = None
        self._cap = cap
        self._deadline = deadline
        self._head_seconds = head_seconds
        self._head_due: float | None = None
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._closed = False
        self._received = 0
        self._socket: socket.socket | None = None
        self._tails: list[_Watched] = []

    @property
    def closed(self) -> bool:
        """Whether the caller has closed the exchange."""
        return self._closed

    def seen(self) -> Seen:
        """What was seen of the latest response."""
        noted = bytes(self._tails[-1].noted) if self._tails else b""
        return Seen(self._status, words_in(noted), self._retry_after, is_document=bool(noted))

    @property
    def answered_bytes(self) -> int:
        """How much of an answer has come since its latest chunk was taken, its frame of JSON included; of an answer
        that is none of failure."""
        return self._received if self._status is not None and self._status < 300 else 0

    def count(self, size: int) -> None:
        """Notes bytes that have come."""
        self._received += size

    def taken(self) -> None:
        """Notes that what has come is a chunk of the answer now."""
        self._received = 0

    def refusal(self) -> str:
        """What the model said in a stream instead of an answer."""
        return self._tails[-1].refusal if self._tails else ""

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """While it is open, responses of a watched client on this thread belong to this exchange."""
        with set_to(_current, self):
            yield

    def interrupt(self) -> None:
        """Closes from any thread: a reader that waits for bytes wakes up, and later bytes are refused."""
        with self._lock:
            self._closed = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # the provider was faster
                    self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Gives every connection back, unread or not. Only for the thread that reads, or when nobody does."""
        for tail in self._tails:
            tail.close()
        self._tails.clear()

    def adopt(self, response: httpx.Response) -> None:
        """Takes over the body of `response`. Raises when it is bound to break a rule."""
        self._status = response.status_code
        self._retry_after = seconds_until_retry(response.headers, self._now())
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", PLAIN):
            raise AnswerRefusedError(f"its answer is compressed ({encoding[:20]}), though plain text was asked for")
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type == "text/html" and response.status_code < 300:
            raise AnswerRefusedError("its answer is a web page (check the provider's base_url)")
        cap = self._cap if response.status_code < 400 else min(self._cap, ERROR_CAP)
        check = EventCheck() if content_type == "text/event-stream" else None
        watched = _Watched(self, response.stream, cap, separators=_SEPARATORS.get(content_type, ()), check=check)
        response.stream = watched
        self._tails.append(watched)
        self._hold(response.extensions.get("network_stream"))

    def check(self) -> None:
        """Raises when the exchange is closed or late."""
        if self._closed:
            raise ExchangeClosedError("closed by the caller")
        if self._deadline is not None and self._clock() > self._deadline:
            raise AnswerLateError("the answer did not end in time")

    def wait_for_head(self, stream: Any) -> None:
        """A connection is about to be read. Until it has given a response, raises when the exchange is closed or
        late."""
        if self._tails:
            return  # which is watched
        if self._head_due is None:
            self._head_due = self._clock() + self._head_seconds
        self._hold(stream)
        if self._clock() > self._head_due:
            raise AnswerLateError("the head of the answer did not end in time")

    def forget(self) -> None:
        """The connection is about to be somebody else's: it must not be shut down any more."""
        with self._lock:
            self._socket = None

    def _hold(self, stream: Any) -> None:
        with self._lock:
            self._socket = stream.get_extra_info("socket") if stream is not None else None
        self.check()


class _Watched(httpx.SyncByteStream):
    """The bytes of one response, counted. `noted` are the first of them, of a body that is one whole."""

    def __init__(
        self, exchange: Exchange, stream: Any, cap: int, *, separators: tuple[bytes, ...], check: EventCheck | None
    ) -> None:
        self.noted = bytearray()
        self._check = check
        self._exchange = exchange
        self._stream = stream
        self._cap = cap
        self._separators = separators

    @property
    def refusal(self) -> str:
        """What events of a model's refusal say."""
        return self._check.refusal if self._check is not None else ""

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        before = b""
        values = Values()
        for chunk in self._stream:
            self._exchange.count(len(chunk))
            self._exchange.check()
            size += len(chunk)
            if self._separators:
                joined = before + chunk  # a separator may be split between two chunks
                end = max(joined.rfind(separator) for separator in self._separators)
                if end >= 0:
                    size, values = len(joined) - end - 1, Values()
                before = joined[-2:]
            what = "an event of its answer" if self._separators else "its answer"
            if size > self._cap:
                raise AnswerRefusedError(f"{what} is larger than {format_size(self._cap)}")
            if self._check is None and values.feed(chunk) > MOST_VALUES:
                raise AnswerRefusedError(f"{what} holds over {MOST_VALUES:,} values")
            if self._check is not None:
                yield from self._check.feed(chunk)
                continue
            if not self._separators and len(self.noted) < _NOTED_BYTES:
                self.noted += chunk[:_NOTED_BYTES]
            yield chunk
        self._exchange.check()  # a body without a length ends without an error when it is cut off
        if self._check is not None:
            yield self._check.rest()

    def close(self) -> None:
        self._exchange.forget()
        self._stream.close()


def _watch(response: httpx.Response) -> None:
    exchange = _current.get()
    if exchange is not None:
        exchange.adopt(response)


def _before_read(stream: Any) -> None:
    exchange = _current.get()
    if exchange is not None:
        exchange.wait_for_head(stream)


def watched_client(*, unsent: Iterable[str] = ()) -> httpx.Client:
    """A client whose responses belong to the active exchange. It keeps no cookies and follows no redirect:
    a key goes to the configured address and nowhere else. Headers named in `unsent` are taken off requests. A proxy of
    the environment is asked, but for this machine. Raises ValueError and ImportError for a proxy that is no use."""
    names = tuple(unsent)

    def prepare(request: httpx.Request) -> None:
        if request.headers.get("accept-encoding") != PLAIN:  # a library's own wish
            request.headers["accept-encoding"] = PLAIN
        for name in names:
            request.headers.pop(name, None)

    client = httpx.Client(
        headers={"accept-encoding": PLAIN},
        event_hooks={"request": [prepare], "response": [_watch]},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        mounts=dict.fromkeys(_THIS_MACHINE),
    )
    watch_heads(client, _before_read)
    return client
