"""A provider that never ends the head of its answer is a timeout, and is let go of when the caller closes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from llmspell.errors import CallError, ErrorKind
from tests.providers.conftest import DEADLINE, MakeProvider, ask

BEGIN = b"HTTP/1.1 200 OK\r\nX-Slow: "
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
HEADS = {"a header byte by byte": (BEGIN, b"y"), "interim answers": (b"", INTERIM)}


class Endless:
    """A server that sends `first` and then `piece` again and again, until its client hangs up. `came` is set when it
    has sent a piece, `left` when the client has hung up."""

    def __init__(self, first: bytes, piece: bytes) -> None:
        self._first, self._piece = first, piece
        self.came, self.left = threading.Event(), threading.Event()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError), self._listener.accept()[0] as peer:
            peer.recv(65536)
            peer.sendall(self._first)
            for _ in range(int(DEADLINE / 0.01)):  # without an end the call fails otherwise, and no test hangs
                peer.sendall(self._piece)
                self.came.set()
                if self._over.wait(0.01):
                    return
            return
        self.left.set()


@pytest.fixture(params=list(HEADS))
def endless(request: pytest.FixtureRequest) -> Iterator[Endless]:
    server = Endless(*HEADS[request.param])
    yield server
    server.close()


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("name", ["local", "mistral"])
def test_a_head_that_does_not_end_is_a_timeout(
    endless: Endless, make: MakeProvider, name: str, *, streams: bool
) -> None:
    provider = make(name, base_url=endless.base_url, timeout_seconds=0.5)
    asked: Callable[[], object] = (
        (lambda: next(provider.stream(ask()))) if streams else (lambda: provider.complete(ask()))
    )
    with pytest.raises(CallError, match=r"no answer within 0\.5 s; try again, or raise its timeout_seconds") as raised:
        asked()
    assert raised.value.kind is ErrorKind.TIMEOUT
    assert endless.left.wait(DEADLINE)


def test_closing_lets_go_of_a_provider_in_the_middle_of_its_head(endless: Endless, make: MakeProvider) -> None:
    stream = make(base_url=endless.base_url).stream(ask())
    ends: list[str] = []

    def read() -> None:
        try:
            ends.append(f"got {next(stream, None)}")
        except CallError as error:
            ends.append(error.message)

    reader = threading.Thread(target=read)
    reader.start()
    assert endless.came.wait(DEADLINE)
    stream.close()  # type: ignore[attr-defined]
    reader.join(DEADLINE / 2)
    assert not reader.is_alive()
    assert endless.left.wait(DEADLINE / 2)
    assert ends == ["provider 'local', model 'some-model': the call was closed before its answer ended"]
