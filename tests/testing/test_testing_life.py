"""The test server starts, stops and leaves nothing: as a value, as a fixture, as a command."""

from __future__ import annotations

import gc
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trustme

import llmspell.testing
from llmspell.testing import Answer, Fault, Gate, LLMServer, Pause
from tests.testing.client import CHAT, DEADLINE, connect, say
from tests.uncounted import uncounted

BODY = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'


def held() -> set[object]:
    """The open files and the threads of this process."""
    gc.collect()  # what earlier tests have left may go meanwhile
    descriptors = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
    return {os.readlink(each) for each in descriptors if each.is_symlink()} | set(threading.enumerate())


@pytest.mark.parametrize(
    "pieces", [["x", Gate()], ["x", Pause(3600)], [Gate()], ["x", Fault.SILENCE], ["x", Fault.FLOOD], None]
)
def test_stopping_ends_whatever_is_under_way(pieces: list[str | Gate | Pause | Fault] | None) -> None:
    before = held()
    with LLMServer() as server:
        server.queue(Answer("x", pieces))
        connection = connect(server)
        connection.request("POST", CHAT, BODY)
        request = server.wait_for_request()
    assert request.ended.is_set()
    assert not request.hung_up
    connection.close()
    assert held() <= before
    server.stop()


def test_a_client_that_says_nothing_does_not_hold_the_server() -> None:
    before = held()
    with LLMServer() as server:
        silent = connect(server)
        silent.connect()
        assert say(server, "others are served").status == 200
    silent.close()
    assert held() <= before


def test_servers_side_by_side_know_nothing_of_each_other() -> None:
    with LLMServer() as one, LLMServer() as other:
        one.answer("one")
        assert (say(one, "x").text, say(other, "x").text) == ("one", "x")
        assert one.base_url != other.base_url


def test_one_connection_carries_many_requests(llm_server: LLMServer) -> None:
    connection = connect(llm_server)
    for _ in range(3):
        connection.request("POST", CHAT, BODY)
        assert connection.getresponse().read().endswith(b"data: [DONE]\n\n")
    connection.close()
    assert len(llm_server.requests) == 3


def test_waiting_has_a_deadline(llm_server: LLMServer) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 requests came within 0 s"):
        llm_server.wait_for_request(timeout=0)
    with pytest.raises(TimeoutError, match="no answer came to the gate within 0 s"):
        Gate().wait_until_reached(timeout=0)


def test_https_is_spoken_with_a_certificate() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    before = held()
    with (
        LLMServer(tls=context) as server,
        socket.create_connection(_address(server)) as raw,
    ):
        assert server.base_url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        with trusting.wrap_socket(raw, server_hostname="127.0.0.1") as secure:
            secure.sendall(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
            assert secure.recv(15) == b"HTTP/1.1 200 OK"
        with socket.create_connection(_address(server)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert b"HTTP" not in plain.recv(100)
    assert held() <= before
    assert server.errors == []


def _address(server: LLMServer) -> tuple[str, int]:
    return "127.0.0.1", int(server.url.rsplit(":", 1)[1])


@pytest.mark.parametrize("name", llmspell.testing.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(llmspell.testing, name) is not None


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = llmspell.testing.Nothing


PLUGIN_TEST = """
import sys
import urllib.request

def test_nothing_is_loaded_yet():
    assert sorted(name for name in sys.modules if name.startswith("llmspell")) == [
        "llmspell", "llmspell.pytest_plugin", "llmspell.testing", "llmspell.testing.pytest_plugin"
    ]
    assert not {"litellm", "http.server", "asyncio", "msgpack"} & set(sys.modules)

def test_the_fixture_serves(llm_server):
    with urllib.request.urlopen(f"{llm_server.base_url}/models") as answer:
        assert answer.status == 200

def test_a_failing_script_fails_the_test(llm_server):
    llm_server.answer(lambda request: 1 / 0, path="/x")
    try:
        urllib.request.urlopen(f"{llm_server.url}/x", b"")
    except urllib.error.HTTPError as error:
        error.close()
"""


def test_pytest_users_have_the_fixture_and_pay_nothing_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_user.py").write_text(PLUGIN_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    blocked = ["-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:benchmark", "-p", "no:anyio", "test_user.py"]
    done = subprocess.run(
        [*command, *blocked], cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=250, check=False
    )
    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "the model server could not answer as scripted" in done.stdout
    assert "ZeroDivisionError" in done.stdout


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_where_it_serves_and_ends_when_told(tmp_path: Path, ending: signal.Signals) -> None:
    (tmp_path / "answers.json").write_text('{"rules": [{"match": "France", "reply": "Paris"}]}')
    with subprocess.Popen(
        [sys.executable, "-m", "llmspell.testing", "--port", "0", "--script", "answers.json", "--model", "m"],
        cwd=tmp_path,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = connect(url)
        client.request("POST", CHAT, BODY.replace(b"hi", b"of France?"))
        assert b"Paris" in client.getresponse().read()
        process.send_signal(ending)
        out, err = process.communicate(timeout=DEADLINE)
        client.close()
    assert (process.returncode, out, err) == (0, "", "")
    assert url.endswith("/v1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--script", "missing.json"], "No such file or directory: 'missing.json'"),
        (["--script", "bad.json"], "bad.json: the script has the unknown field 'anwsers'"),
        (["--port", "99999"], "port must be 0-65535"),
        (["--port", "x"], "invalid int value"),
    ],
)
def test_the_command_says_what_it_cannot_use(tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "bad.json").write_text('{"anwsers": []}')
    done = subprocess.run(
        [sys.executable, "-m", "llmspell.testing", *arguments],
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def _environment() -> dict[str, str]:
    """Ours, with the package where it is imported from here."""
    home = str(Path(llmspell.__file__).resolve().parents[1])
    return {**uncounted(), "PYTHONPATH": home}
