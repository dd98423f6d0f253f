"""Streams as other programs leave them: not waiting, open the wrong way round, and with no descriptor to spare."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from tests.cli.programs import COMMAND, SECONDS, Place
from tests.patience import PATIENTLY


def _wait_until_it_waits(process: subprocess.Popen[bytes]) -> None:
    """Until the stdin of a process is one that waits; fails if the process ends before."""
    opened = Path(f"/proc/{process.pid}/fdinfo/0")
    deadline = monotonic() + PATIENTLY
    while int(opened.read_text().split("flags:")[1].split()[0], 8) & os.O_NONBLOCK:
        assert process.poll() is None
        assert monotonic() < deadline
        os.sched_yield()


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("words", [("run", "-"), ("exec", "load(io.read('a'))()"), ("repl",)], ids=lambda each: each[0])
def test_a_stdin_that_does_not_wait_is_read_to_its_end(place: Place, words: tuple[str, ...], kind: str) -> None:
    reading, writing = os.pipe() if kind == "pipe" else (end.detach() for end in socket.socketpair())
    os.set_blocking(reading, False)
    with subprocess.Popen(
        [*COMMAND, *words],
        cwd=place.folder,
        env=place.environment,
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        _wait_until_it_waits(process)
        os.write(writing, b"print(42)\n")
        os.close(writing)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout.removesuffix(b"null\n"), stderr) == (0, b"42\n", b"")
    assert os.get_blocking(reading) is (kind == "socket")  # what is shared stays as it is, where that can be
    os.close(reading)


def test_a_stdout_that_does_not_wait_gets_all_of_a_panel(place: Place) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [*COMMAND, "exec", 'print(("x"):rep(3e5))', "--output", "pretty"],
        cwd=place.folder,
        env=place.environment,
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writing)
        assert process.stderr is not None
        with open(reading, "rb") as shown:
            assert shown.read().count(b"x") >= 300_000
        assert (process.stderr.read(), process.wait(timeout=SECONDS)) == (b"", 0)


def test_a_file_that_does_not_wait_is_written_on_where_it_ends(place: Place) -> None:
    with open(place.folder / "log", "wb") as log:
        log.write(b"before\n")
        log.flush()
        os.set_blocking(log.fileno(), False)
        subprocess.run([*COMMAND, "exec", "return 1"], env=place.environment, stdout=log, check=True, timeout=SECONDS)
    assert (place.folder / "log").read_bytes() == b"before\n1\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run - 0>/dev/null", "stdin cannot be read: bad file descriptor"),
        ("repl 0>/dev/null", "stdin cannot be read: bad file descriptor"),
        ("tools 1</dev/null", "the output cannot be written: bad file descriptor"),
    ],
)
def test_a_stream_that_is_open_the_wrong_way_round_is_named(place: Place, line: str, said: str) -> None:
    ran = place.shell(f"$LLMSPELL {line}")
    assert (ran.code, ran.stderr) == (2, f"llmspell: {said}\n")


@pytest.mark.parametrize("limit", [8, 9, 10])
def test_a_machine_that_opens_no_more_files_is_told_from_a_fault_of_ours(place: Place, limit: int) -> None:
    ran = place.shell(f"ulimit -n {limit}; $LLMSPELL exec 'return 1'")
    assert (ran.code, ran.stdout, ran.stderr.count("\n")) == (2, b"", 1)
    assert "oo many" in ran.stderr
