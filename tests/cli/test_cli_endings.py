"""How a run is ended from outside: signals, killed processes, closed and clogged pipes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.cli.programs import COMMAND, SIGNALS, Place, left_over, wait_gone
from tests.uncounted import uncounted

LOOP = 'print("ready") while true do end'
WAIT = 'print("ready") sleep(60)'
FLOOD = 'local s = ("x"):rep(1000) while true do print(s) end'


@pytest.mark.parametrize("code", [LOOP, WAIT, 'print("ready") io.read("a")'])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_run_with_its_code_and_the_output_so_far(
    place: Place, number: signal.Signals, code: str
) -> None:
    reading, writing = os.pipe()  # a stdin that never ends
    with place.start("exec", code, "--report", "r.json", stdin=reading) as started:
        os.close(reading)
        started.until(b"ready\n")
        started.process.send_signal(number)
        ran = started.end()
    os.close(writing)
    assert ran.code == SIGNALS[number]
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    assert ran.stderr == f"cancelled: {name} ended the run\n"
    assert '"verdict": "cancelled"' in (place.folder / "r.json").read_text()


def test_a_signal_that_was_ignored_stays_ignored(place: Place) -> None:
    reading, writing = os.pipe()
    code = 'print("ready") return io.read("l")'
    deaf = ("bash", "-c", "trap '' INT HUP; exec \"$@\"", "-")
    with place.start("exec", code, stdin=reading, before=deaf) as started:
        started.until(b"ready\n")
        started.process.send_signal(signal.SIGINT)
        started.process.send_signal(signal.SIGHUP)
        os.write(writing, b"on\n")
        ran = started.end()
    os.close(reading)
    os.close(writing)
    assert (ran.code, ran.stdout, ran.stderr) == (0, b'"on"\n', "")


def test_a_host_that_is_killed_leaves_no_worker(place: Place) -> None:
    for code in (LOOP, WAIT):
        with place.start("exec", code) as started:
            started.until(b"ready\n")
            workers = started.workers()
            assert len(workers) == 1
            started.process.kill()
            started.process.wait()
            wait_gone(workers)


def test_a_host_that_is_killed_while_its_worker_starts_leaves_none(place: Place) -> None:
    with place.start("run", "-", stdin=subprocess.PIPE) as started:  # it waits for the script, the worker is there
        while not (workers := started.workers()):
            assert started.process.poll() is None
        started.process.kill()
        started.process.wait()
        wait_gone(workers)


def test_ctrl_c_while_the_script_is_awaited_says_nothing_and_leaves_nothing(place: Place) -> None:
    with place.start("run", "-", stdin=subprocess.PIPE) as started:
        while not (workers := started.workers()):
            assert started.process.poll() is None
        started.process.send_signal(signal.SIGINT)
        ran = started.end()
        wait_gone(workers)
    assert (ran.code, ran.stdout, ran.stderr) == (130, b"", "")


@pytest.mark.parametrize("steps", [0, 2000, 20_000, 60_000, 200_000])
def test_ctrl_c_at_any_moment_of_the_start_shows_no_traceback(place: Place, steps: int) -> None:
    # Not by time: the process interrupts itself after so many calls of functions, wherever that is.
    program = f"""
import os, signal, sys
sys.argv = ["llmspell", "exec", "print(1)"]
import llmspell.cli.entry
left = {steps}
def count(frame, event, argument):
    global left
    left -= 1
    if left == 0:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)
if left:
    sys.setprofile(count)
llmspell.cli.entry.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place.folder,
        env=uncounted(place.environment),
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 130)
    assert b"Traceback" not in done.stderr
    assert left_over() == []


def test_a_worker_that_is_killed_from_outside_is_a_crash(place: Place) -> None:
    with place.start("exec", LOOP) as started:
        started.until(b"ready\n")
        (worker,) = started.workers()
        worker.kill()
        ran = started.end()
    assert ran.code == 5
    assert ran.stderr == "crash: exec: the worker was killed by SIGKILL without a last word\n"


def test_a_worker_that_is_stopped_is_ended_by_the_limits(place: Place) -> None:
    with place.start("exec", LOOP, "--timeout", "4") as started:
        started.until(b"ready\n")
        (worker,) = started.workers()
        worker.suspend()
        assert started.end().code == 3


@pytest.mark.parametrize("command", ["exec", "sandbox"])
def test_a_closed_stdout_ends_the_run_promptly_and_quietly(place: Place, command: str) -> None:
    place.write("flood.lua", FLOOD)
    script = f"'{FLOOD}'" if command == "exec" else "-q flood.lua"
    ran = place.shell(f"$LLMSPELL {command} {script} | head -1; exit ${{PIPESTATUS[0]}}")
    assert (ran.code, ran.stdout, ran.stderr) == (141, b"x" * 1000 + b"\n", "")


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_a_stdout_that_is_closed_before_the_document_is_written_is_141(place: Place, form: str) -> None:
    ran = place.shell(f"$LLMSPELL exec 'return 1' --output {form} >&-")
    assert (ran.code, ran.stderr) == (141, "")


@pytest.mark.parametrize(
    ("closed", "code", "stdout"),
    [("<&-", 0, b"1\n"), (">&-", 141, b""), ("2>&-", 0, b"1\n"), ("<&- >&- 2>&-", 141, b""), ("<&- 2>&-", 0, b"1\n")],
)
def test_streams_that_are_closed_at_the_start_are_never_mixed_up_with_others(
    place: Place, closed: str, code: int, stdout: bytes
) -> None:
    script = "print(1) io.stderr:write(2) return io.read(1)"
    for command in (f"exec '{script}'", f"exec --max-calls 9 '{script}'"):
        ran = place.shell(f"$LLMSPELL {command} {closed}")
        assert (ran.code, ran.stdout.removesuffix(b"null\n")) == (code, stdout)
        assert "Traceback" not in ran.stderr


def test_a_script_that_prints_nothing_does_not_mind_a_closed_stdout(place: Place) -> None:
    assert place.shell("$LLMSPELL exec 'local x = 1' >&-").code == 0


@pytest.mark.parametrize("words", ["engines", "tools info calculator", "run --help", "--version"])
def test_whatever_a_command_prints_through_a_closed_stdout_is_141_and_a_full_device_is_named(
    place: Place, words: str
) -> None:
    closed, full = place.shell(f"$LLMSPELL {words} >&-"), place.shell(f"$LLMSPELL {words} > /dev/full")
    assert (closed.code, closed.stderr) == (141, "")
    assert (full.code, full.stderr) == (2, "llmspell: the output cannot be written: no space left on device\n")


def test_a_full_device_is_named(place: Place) -> None:
    ran = place.shell("$LLMSPELL exec 'print(1)' > /dev/full")
    assert (ran.code, ran.stderr) == (2, "llmspell: the output cannot be written: no space left on device\n")


def clogged() -> tuple[int, int]:
    """A pipe of the smallest size that nobody reads, and that is full but for a page."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_does_not_read_cannot_hold_up_the_limits(place: Place, stream: str) -> None:
    reading, writing = clogged()
    code = FLOOD if stream == "stdout" else 'while true do io.stderr:write(("x"):rep(1000)) end'
    with subprocess.Popen(
        [*COMMAND, "exec", code, "--timeout", "1", "--report", "r.json"],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.DEVNULL,
        stdout=writing if stream == "stdout" else subprocess.DEVNULL,
        stderr=subprocess.PIPE if stream == "stdout" else writing,
    ) as process:
        os.close(writing)
        workers: list[psutil.Process] = []
        while not (place.folder / "r.json").exists():  # the verdict is there, whoever reads or not
            workers = started_by(process) or workers
        wait_gone(workers)
        if stream == "stdout":
            assert process.stderr is not None
            said = process.stderr.read().decode()
            assert process.wait() == 3
            assert "(wall limit)" in said
            assert "bytes of output were not written: nobody read any of them for 2 s" in said
        else:
            process.kill()  # it would say so on the stderr that nobody reads
    os.close(reading)
    assert '"name": "wall"' in (place.folder / "r.json").read_text()


def started_by(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:  # it has ended, and its report is there
        return []


def test_ctrl_c_ends_a_run_whose_output_nobody_reads(place: Place) -> None:
    reading, writing = clogged()
    with subprocess.Popen(
        [*COMMAND, "exec", FLOOD],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writing)
        os.read(reading, 1)  # it has begun
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == b"cancelled: Ctrl-C ended the run\n"
        assert process.wait() == 130
    os.close(reading)


def test_a_slow_reader_gets_every_byte(place: Place) -> None:
    with place.start("exec", 'for i = 1, 3000 do print(i, ("x"):rep(1000)) end', "--timeout", "30") as started:
        assert started.process.stdout is not None
        fcntl.fcntl(started.process.stdout.fileno(), fcntl.F_SETPIPE_SZ, 4096)
        output = b""
        while piece := os.read(started.process.stdout.fileno(), 1500):
            output += piece
        assert output == b"".join(b"%d\t%s\n" % (number, b"x" * 1000) for number in range(1, 3001))
        assert started.process.wait() == 0


def test_a_stdout_that_somebody_else_made_not_to_wait_gets_every_byte(place: Place) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [*COMMAND, "exec", 'for i = 1, 2000 do print(("x"):rep(1000)) end'],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writing)
        output = b""
        while piece := os.read(reading, 65536):
            output += piece
        assert process.wait() == 0
    os.close(reading)
    assert len(output) == 2000 * 1001


def test_stdout_and_stderr_in_one_pipe_keep_their_order(place: Place) -> None:
    ran = place.shell('$LLMSPELL exec \'for i = 1, 300 do io.write(i, "\\n") io.stderr:write(i, "\\n") end\' 2>&1')
    assert ran.stdout.split() == [b"%d" % number for number in range(1, 301) for _ in range(2)]


@pytest.mark.parametrize("form", ["text", "json", "pretty"])
def test_a_full_disk_is_told_in_every_form(place: Place, form: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m llmspell exec "return 1" --output {form} > /dev/full', sys.executable],
        cwd=place.folder, env=place.environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"no space left on device" in done.stderr.lower()
    assert b"fault of ours" not in done.stderr


def test_a_report_that_fails_takes_nothing_of_the_result_with_it(place: Place) -> None:
    command = [sys.executable, "-m", "llmspell", "exec", "return 5", "--report", "/dev/full"]
    done = subprocess.run(command, cwd=place.folder, env=place.environment, capture_output=True, check=False)
    assert done.stdout == b"5\n"
    assert done.returncode == 2
    assert b"--report" in done.stderr
