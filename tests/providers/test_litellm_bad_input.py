"""What a provider may do wrong: each is an error with a kind, a status and whether a retry could help, and no key."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.provider import Chunk
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import (
    HALF_CHARACTER,
    NONSENSE,
    Answer,
    Failure,
    Fault,
    Gate,
    LLMServer,
    Plain,
    Raw,
    Request,
    ToolCall,
)
from llmspell.testing.answers import Reply
from tests.patience import PATIENTLY, growing
from tests.providers.conftest import KEY, MakeProvider, ask
from tests.uncounted import uncounted

NAMES = pytest.mark.parametrize("name", ["local", "mistral"])
"""`local` goes through the OpenAI library, `mistral` through litellm's own client."""
STREAMS = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])


class Ended(NamedTuple):
    """How a call failed, and what of its answer had come before."""

    error: CallError
    texts: list[str]

    @property
    def what(self) -> str:
        """The message behind who was asked."""
        return self.error.message.partition(f"model {self.error.details['model']!r}: ")[2]

    @property
    def facts(self) -> tuple[ErrorKind, object, object]:
        """The kind, the status, whether a retry could help."""
        return self.error.kind, self.error.details["status"], self.error.details["retryable"]


def call(provider: LiteLLMProvider, *, streams: bool, model: str = "some-model") -> Ended:
    texts: list[str] = []

    def run() -> None:
        if not streams:
            provider.complete(ask(model=model))
        chunks: Iterator[Chunk] = provider.stream(ask(model=model))
        texts.extend(chunk.text for chunk in chunks)  # one by one: what came before an error stays

    with pytest.raises(CallError) as caught:
        run()
    error = caught.value
    assert error.details["provider"] == provider.name
    assert error.details["model"] == model
    assert error.message.startswith(f"provider {provider.name!r}, model {model!r}: ")
    assert KEY not in f"{error.message} {error.details}"
    assert error.message.isprintable()
    assert (error.__cause__, error.__context__) == (None, None)
    return Ended(error, texts)


@STREAMS
def test_no_key_is_an_error_before_anything_is_sent(server: LLMServer, make: MakeProvider, streams: bool) -> None:
    provider = make(key="")
    with pytest.raises(
        CallError, match="provider 'local' has no key: set the environment variable LOCAL_KEY"
    ) as caught:
        list(provider.stream(ask())) if streams else provider.complete(ask())
    assert caught.value.details == {
        "provider": "local",
        "model": "some-model",
        "status": None,
        "retryable": False,
    }
    assert server.requests == []


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f"{KEY}\nx", f" {KEY}", f"{KEY}\u00e9"], ids=["line end", "lines", "blank", "no ascii"]
)
def test_a_key_that_cannot_be_sent_is_told_by_its_variable_and_is_not_tried(
    server: LLMServer, make: MakeProvider, key: str
) -> None:
    with pytest.raises(CallError, match="provider 'local': the key in LOCAL_KEY cannot be sent") as caught:
        make(key=key, max_retries=2).complete(ask())
    assert KEY not in caught.value.message
    assert (caught.value.details["retryable"], server.requests) == (False, [])


def test_this_machine_is_asked_without_a_proxy(
    server: LLMServer, make: MakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LLMServer() as proxy:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        assert make().complete(ask()).text == "hello"
        with pytest.raises(CallError, match="answered 404"):
            make(base_url="http://models.invalid/v1").complete(ask())
    assert (len(server.requests), len(proxy.requests)) == (1, 1)


@pytest.mark.parametrize(
    "url",
    ["ftp://user:pass-0123456789@proxy", "socks5://127.0.0.1:1", "http://user:pass-0123456789"],
    ids=["ftp", "socks", "no host"],
)
def test_a_proxy_that_cannot_be_used_is_told_as_that(
    make: MakeProvider, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(CallError, match="the proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used") as caught:
        make().complete(ask())
    assert caught.value.kind is ErrorKind.PROVIDER
    assert "pass-0123456789" not in caught.value.message


@NAMES
@STREAMS
@pytest.mark.parametrize("key", [KEY, "local-key-0123456789"])
def test_a_wrong_key_is_refused_and_no_part_of_it_is_shown(
    server: LLMServer, make: MakeProvider, name: str, streams: bool, key: str
) -> None:
    server.key = "another-key"
    ended = call(make(name, key=key), streams=streams)
    assert server.requests[0].key == key
    assert ended.facts == (ErrorKind.PROVIDER, 401, False)
    assert "answered 401: Incorrect API key provided: ***" in ended.error.message
    assert ended.what.endswith("; check the key in LOCAL_KEY")
    assert key[:6] not in ended.what
    assert key[-4:] not in ended.what


@NAMES
@STREAMS
def test_an_unknown_model_shows_the_nearest(server: LLMServer, name: str, streams: bool) -> None:
    server.models = ("small-1", "large-1")
    settings = ProviderSettings(base_url=server.base_url, models=server.models)
    provider = LiteLLMProvider(name, settings, environ={})
    ended = call(provider, streams=streams, model="smal-1")
    other = call(provider, streams=streams, model="wholly-different")
    provider.close()
    assert ended.facts == other.facts == (ErrorKind.NOT_FOUND, 404, False)
    assert "answered 404: The model `smal-1` does not exist" in ended.error.message
    assert "did you mean 'small-1', or check the model's name" in ended.error.message
    assert "did you mean" not in other.error.message


@NAMES
@STREAMS
def test_a_refused_model_says_whose_key_was_refused(
    server: LLMServer, make: MakeProvider, name: str, streams: bool
) -> None:
    server.queue(Failure(403))
    ended = call(make(name), streams=streams)
    assert ended.facts == (ErrorKind.PROVIDER, 403, False)
    assert ended.what == (
        "answered 403: Project does not have access to this model; "
        "check the key in LOCAL_KEY, and whether it may use this model"
    )


@NAMES
@pytest.mark.parametrize("url", ["http://{}/v1", "https://{}/v1"])
def test_a_server_that_cannot_be_reached(make: MakeProvider, name: str, url: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can listen there
        address = "{}:{}".format(*bound.getsockname())
        ended = call(make(name, base_url=url.format(address)), streams=True)
    assert ended.facts == (ErrorKind.PROVIDER, None, True)
    assert ended.what.startswith("cannot be reached ([Errno 111] Connection refused); check its base_url")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that nobody trusts."""
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[LLMServer]:
    """A server with its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with LLMServer(tls=context) as server:
        yield server


@NAMES
def test_a_certificate_that_is_not_trusted_is_not_tried_again(
    tls_server: LLMServer, make: MakeProvider, name: str
) -> None:
    ended = call(make(name, base_url=tls_server.base_url), streams=True)
    assert ended.facts == (ErrorKind.PROVIDER, None, False)
    assert ended.what.startswith("its certificate is not trusted (unable to get local issuer certificate); check")
    assert tls_server.requests == []


def test_a_certificate_is_trusted_when_the_environment_names_its_authority(
    tls_server: LLMServer,
    authority: trustme.CA,
    make: MakeProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert make(base_url=tls_server.base_url).complete(ask("over TLS")).text == "over TLS"


def test_https_to_a_server_that_speaks_http(server: LLMServer, make: MakeProvider) -> None:
    ended = call(make(base_url=server.base_url.replace("http:", "https:")), streams=False)
    assert ended.facts == (ErrorKind.PROVIDER, None, False)
    assert ended.what.startswith("no TLS connection to it can be made (")


@NAMES
@STREAMS
@pytest.mark.parametrize("begins", [(), ("half ",)], ids=["before the head", "midway"])
def test_silence_is_a_timeout(
    server: LLMServer, make: MakeProvider, name: str, streams: bool, begins: tuple[str, ...]
) -> None:
    expected = [*begins] if streams else []
    for seconds in growing(0.3):
        server.queue(Answer(pieces=[*begins, Fault.SILENCE]))
        ended = call(make(name, timeout_seconds=seconds), streams=streams)
        assert ended.facts == (ErrorKind.TIMEOUT, None, True)
        assert ended.what == f"no answer within {seconds:g} s; try again, or raise its timeout_seconds"
        if server.requests and ended.texts == expected:
            break  # and otherwise the machine was too busy for it
    assert ended.texts == expected
    assert server.requests[-1].ended.wait(PATIENTLY)
    assert server.requests[-1].hung_up


@NAMES
@STREAMS
def test_a_rate_limit_without_retry_after(server: LLMServer, make: MakeProvider, name: str, streams: bool) -> None:
    server.queue(Failure(429))
    ended = call(make(name), streams=streams)
    assert ended.facts == (ErrorKind.PROVIDER, 429, True)
    assert "retry_after" not in ended.error.details
    assert ended.what.endswith("; wait before the next call, or ask for less")
    assert len(server.requests) == 1


NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@NAMES
@STREAMS
@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (Failure(429, retry_after=3), 3.0),
        (Failure(503, retry_after=0.5), 0.5),
        (Failure(429, retry_after=NOON.replace(minute=1)), 60.0),
        (Failure(429, retry_after=NOON.replace(hour=11)), 0.0),
        (Failure(429, retry_after=9, headers={"retry-after-ms": "1500"}), 1.5),
    ],
)
def test_a_rate_limit_says_when_to_come_back(
    server: LLMServer, name: str, streams: bool, failure: Failure, seconds: float
) -> None:
    server.queue(failure)
    settings = ProviderSettings(base_url=server.base_url, max_retries=0)
    provider = LiteLLMProvider(name, settings, environ={}, now=NOON.timestamp)
    ended = call(provider, streams=streams)
    provider.close()
    assert ended.facts == (ErrorKind.PROVIDER, failure.status, True)
    assert ended.error.details["retry_after"] == seconds
    assert f" {seconds:g} s" in ended.what


@pytest.mark.parametrize("after", ["soon", "-1", "nan", "inf", "1e9", "", "Mon, 99 Foo 2030"])
def test_a_retry_after_that_nobody_understands_is_none(server: LLMServer, make: MakeProvider, after: str) -> None:
    server.queue(Failure(429, retry_after=after))
    ended = call(make(), streams=False)
    assert ended.facts == (ErrorKind.PROVIDER, 429, True)
    assert "retry_after" not in ended.error.details


@NAMES
def test_no_credit_is_not_cured_by_a_retry(server: LLMServer, make: MakeProvider, name: str) -> None:
    server.queue(Failure(429, "You exceeded your quota.", code="insufficient_quota", retry_after=3))
    ended = call(make(name), streams=True)
    assert ended.facts == (ErrorKind.PROVIDER, 429, False)
    assert ended.what.endswith("; the account of the key in LOCAL_KEY has no credit left")
    assert "retry_after" not in ended.error.details


@NAMES
@pytest.mark.parametrize(
    ("failure", "step"),
    [
        (
            Failure(400, "Too long.", code="context_length_exceeded"),
            "send less: a shorter conversation, or smaller media",
        ),
        (Failure(413), "send less: a shorter conversation, or smaller media"),
        (
            Failure(400, "Flagged.", code="content_policy_violation"),
            "the provider's safety system refused it: ask for something else",
        ),
    ],
)
def test_what_the_request_did_wrong_is_said(
    server: LLMServer, make: MakeProvider, name: str, failure: Failure, step: str
) -> None:
    server.queue(failure)
    ended = call(make(name), streams=False)
    assert ended.facts == (ErrorKind.PROVIDER, failure.status, False)
    assert ended.what.endswith(f"; {step}")
    assert "{" not in ended.what, "the provider's words, not its document"


@NAMES
@STREAMS
def test_a_timeout_of_the_server_is_its_answer(server: LLMServer, make: MakeProvider, name: str, streams: bool) -> None:
    server.queue(Failure(408))
    ended = call(make(name), streams=streams)
    assert ended.facts == (ErrorKind.PROVIDER, 408, True)
    assert ended.what == "answered 408: Request timed out; try again later"


def test_a_gateway_that_answers_with_a_page(server: LLMServer, make: MakeProvider) -> None:
    page = Plain(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"})
    server.queue(page, page._replace(status=200), page._replace(status=200))
    assert call(make(), streams=False).facts == (ErrorKind.PROVIDER, 502, True)
    for streams in (False, True):
        ended = call(make(), streams=streams)
        assert ended.facts == (ErrorKind.PROVIDER, None, False)
        assert "its answer is a web page (check the provider's base_url)" in ended.error.message


@NAMES
@STREAMS
@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.RESET])
def test_an_answer_that_dies_keeps_what_had_arrived(
    server: LLMServer, make: MakeProvider, name: str, streams: bool, fault: Fault
) -> None:
    read = Gate()  # a reset would overtake what is not read yet
    if fault is Fault.CLOSE or not streams:
        read.open()
    server.queue(Answer(pieces=["half ", read, fault, "whole"]))
    provider = make(name)
    if streams:
        stream = provider.stream(ask())
        assert next(stream).text == "half "
        read.open()
        with pytest.raises(CallError) as caught:
            next(stream)
        error = caught.value
    else:
        error = call(provider, streams=False).error
    assert (error.kind, error.details["status"], error.details["retryable"]) == (ErrorKind.PROVIDER, None, True)
    assert "broke off its answer (" in error.message
    assert error.message.endswith("; try again")


@NAMES
@pytest.mark.parametrize(
    ("piece", "says"),
    [
        (NONSENSE, "an event of its answer is not JSON ("),
        (HALF_CHARACTER, "an event of its answer is not UTF-8 ("),
        (Raw(b"\x00\xff\n\n"), "an event of its answer is not UTF-8 ("),
        (Raw(b"data: " + b"[" * 100_000 + b"\n\n"), "an event of its answer is not JSON ("),
    ],
)
def test_nonsense_in_a_stream_is_an_error_and_not_a_gap(
    server: LLMServer, make: MakeProvider, name: str, piece: Raw, says: str
) -> None:
    server.queue(Answer(pieces=["half ", piece, "whole"]))
    ended = call(make(name), streams=True)
    assert ended.facts == (ErrorKind.PROVIDER, None, False)
    assert ended.texts == ["half "]
    assert ended.what.startswith(says)


@NAMES
def test_what_came_in_one_piece_with_nonsense_is_not_lost(server: LLMServer, make: MakeProvider, name: str) -> None:
    event = b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": '
    whole = event + b'[{"index": 0, "delta": {"content": "half "}}]}\n\n' + NONSENSE.body
    server.queue(Answer(pieces=["", Raw(whole)]))
    assert call(make(name), streams=True).texts == ["half "]


@NAMES
@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ('{"message": "overloaded now", "type": "server_error", "code": null}', True),
        ('{"message": "overloaded now", "code": 503}', True),
        ('{"message": "overloaded now", "code": 400}', False),
        ('{"message": "overloaded now", "code": "insufficient_quota"}', False),
        ('"overloaded now"', True),
    ],
)
def test_a_failure_that_a_stream_tells_of_is_told(
    server: LLMServer, make: MakeProvider, name: str, error: str, retryable: bool
) -> None:
    server.queue(Answer(pieces=["half ", Raw(f'data: {{"error": {error}}}\n\n'.encode()), "whole"]))
    ended = call(make(name), streams=True)
    assert ended.facts == (ErrorKind.PROVIDER, None, retryable)
    assert ended.texts == ["half "]
    assert ended.what.startswith("broke off its answer: overloaded now; ")


@NAMES
@STREAMS
def test_a_failure_with_the_status_of_success_is_told(
    server: LLMServer, make: MakeProvider, name: str, streams: bool
) -> None:
    server.queue(Plain({"error": {"message": "no such account", "code": 400}}))
    ended = call(make(name), streams=streams)
    assert ended.facts == (ErrorKind.PROVIDER, None, False)
    assert "no such account" in ended.what


@NAMES
def test_a_document_where_a_stream_was_asked_for(server: LLMServer, make: MakeProvider, name: str) -> None:
    server.queue(Plain({"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}}]}))
    ended = call(make(name), streams=True)
    assert ended.error.kind is ErrorKind.PROVIDER
    assert ended.error.details["retryable"] is False


@NAMES
@pytest.mark.parametrize(
    "reply",
    [
        Plain(b"{oops", headers={"content-type": "application/json"}),
        Plain(b"\xff\xfe{}", headers={"content-type": "application/json"}),
        Plain(b""),
        Answer(pieces=["half", Fault.STOP]),
        Answer(pieces=["half", HALF_CHARACTER]),
    ],
)
def test_nonsense_for_a_whole_answer(server: LLMServer, make: MakeProvider, name: str, reply: Reply) -> None:
    server.queue(reply)
    ended = call(make(name), streams=False)
    assert ended.facts == (ErrorKind.PROVIDER, None, False)
    assert ended.what.startswith("its answer cannot be understood (")
    assert "APIResponse" not in ended.what


@NAMES
@STREAMS
def test_bytes_that_come_one_by_one_are_whole_characters(
    server: LLMServer, make: MakeProvider, name: str, streams: bool
) -> None:
    server.queue(Answer("größer 🙂", bytes_at_once=1))
    provider = make(name)
    if streams:
        assert "".join(chunk.text for chunk in provider.stream(ask())) == "größer 🙂"
    else:
        assert provider.complete(ask()).text == "größer 🙂"


def test_what_stands_between_the_events_of_a_stream_is_no_part_of_the_answer(
    server: LLMServer, make: MakeProvider
) -> None:
    first, second = (f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{text}"}}}}]}}' for text in ("a", "b"))
    last = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'
    body = f"\ufeff{first}\n\nid: 1\r\n:\n\n: ping\n\nevent: ping\n\n{second}\r\n\r\ndata:\n\n{last}\n\ndata: [DONE]"
    server.queue(Plain(body.encode(), headers={"content-type": "text/event-stream"}))
    assert "".join(chunk.text for chunk in make().stream(ask())) == "ab"


@NAMES
def test_a_stream_without_done_is_whole_when_it_says_why_it_ended(
    server: LLMServer, make: MakeProvider, name: str
) -> None:
    server.queue(Answer("all of it", sends_done=False))
    chunks = list(make(name).stream(ask()))
    assert chunks[-1].final is not None
    assert chunks[-1].final.text == "all of it"


@NAMES
@STREAMS
def test_a_10_megabyte_answer_is_refused(server: LLMServer, make: MakeProvider, name: str, streams: bool) -> None:
    server.queue(Answer(pieces=["x" * 1_000_000] * 10))
    ended = call(make(name), streams=streams)
    assert ended.facts == (ErrorKind.PROVIDER, None, False)
    assert ended.what == "its answer is larger than 4 MiB, so it was dropped; ask for less with max_tokens"
    assert len("".join(ended.texts)) == (4_000_000 if streams else 0), "what had arrived was passed on"


def test_a_service_that_we_cannot_watch_says_its_status_too(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Failure(429, "slow down"), Failure(401, "no"))
    assert call(make("perplexity"), streams=False).facts == (ErrorKind.PROVIDER, 429, True)
    assert call(make("perplexity"), streams=False).facts == (ErrorKind.PROVIDER, 401, False)


def test_an_answer_of_tool_calls_only_is_not_an_error(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Answer(tool_calls=[ToolCall("f", {"a": 1})]), Answer(tool_calls=[ToolCall("f", {"a": 1})]))
    assert make().complete(ask()).finish_reason == "tool_calls"
    final = list(make().stream(ask()))[-1].final
    assert final is not None
    assert final.finish_reason == "tool_calls"


FOREIGN = {
    "OPENAI_API_KEY": "sk-foreign-1",
    "OPENAI_ADMIN_KEY": "sk-foreign-2",
    "OPENAI_ORG_ID": "org-foreign-3",
    "OPENAI_ORGANIZATION": "org-foreign-4",
    "OPENAI_PROJECT_ID": "proj-foreign-5",
    "OPENAI_CUSTOM_HEADERS": "X-Foreign: foreign-6\nauthorization: Bearer foreign-7",
    "ANTHROPIC_API_KEY": "foreign-8",
    "MISTRAL_API_KEY": "foreign-9",
    "HF_TOKEN": "foreign-10",
    "LITELLM_API_KEY": "foreign-11",
}


@pytest.mark.parametrize("name", ["local", "openai", "mistral", "deepseek", "hosted_vllm", "anthropic"])
@pytest.mark.parametrize("api_key_env", ["LOCAL_KEY", None])
def test_the_configured_key_is_sent_and_nothing_else_of_the_environment(
    server: LLMServer, make: MakeProvider, monkeypatch: pytest.MonkeyPatch, name: str, api_key_env: str | None
) -> None:
    for variable, value in FOREIGN.items():
        monkeypatch.setenv(variable, value)
    server.answer(_anthropic, path="/v1/messages")
    base_url = server.base_url.removesuffix("/v1") if name == "anthropic" else server.base_url
    provider = make(name, base_url=base_url, api_key_env=api_key_env)
    assert provider.complete(ask()).text == "hello"
    (request,) = server.requests
    assert "foreign" not in str(request.headers) + request.body.decode()
    sent = request.headers["x-api-key"] if name == "anthropic" else request.key
    assert sent == (KEY if api_key_env else "no-key")


def _anthropic(_: Request) -> Plain:
    return Plain(
        {
            "id": "1",
            "type": "message",
            "role": "assistant",
            "model": "claude",
            "content": [{"type": "text", "text": "hello"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 4, "output_tokens": 1},
        }
    )


def test_litellm_talks_to_the_provider_and_to_nobody_else(server: LLMServer) -> None:
    script = f"""
import sys, warnings
warnings.simplefilter("ignore")
asked = []
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        asked.append((event, str(arguments[1] if event == "socket.connect" else arguments[0])))
sys.addaudithook(note)
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.provider import ModelRequest
from llmspell.providers.settings import ProviderSettings
for name in ("local", "mistral"):
    provider = LiteLLMProvider(name, ProviderSettings(base_url={server.base_url!r}), environ={{}})
    request = ModelRequest("gpt-4o", ({{"role": "user", "content": "hi"}},))
    provider.complete(request)
    list(provider.stream(request))
print({{where for _, where in asked if {server.url.rpartition(":")[2]!r} not in where and "127.0.0.1" not in where}})
print(len(asked) > 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env=uncounted(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("set()\nTrue\n", "")
    assert len(server.requests) == 4
