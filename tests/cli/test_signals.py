"""Signals that come while something is done that must not be left half done."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CODE = """
import os, signal, sys
from llmspell.cli.signals import CancelledBySignals, postponed
number = signal.Signals[sys.argv[1]]
with CancelledBySignals():
    signal.raise_signal(number)
try:
    with postponed():
        os.kill(os.getpid(), number)
        print("went on", flush=True)
    print("not reached", flush=True)
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_second_signal_waits_for_the_end_of_what_must_not_be_left_half_done(name: str, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, name], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("went on\n", "", code)


def test_a_signal_that_is_ignored_stays_so_and_others_do_what_they_do() -> None:
    code = CODE.replace("with CancelledBySignals():\n    signal.raise_signal(number)\n", "")
    done = subprocess.run([sys.executable, "-c", code, "SIGTERM"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("went on\n", -signal.SIGTERM)
    ignored = code.replace("try:", "signal.signal(number, signal.SIG_IGN)\ntry:", 1)
    done = subprocess.run([sys.executable, "-c", ignored, "SIGTERM"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("went on\nnot reached\n", 0)
