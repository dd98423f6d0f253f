"""Rules of a worker's start and of its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from llmspell.engines.conformance.rule import Broken, Rule, insist
from llmspell.engines.conformance.subject import END_SECONDS, Subject, how, told
from llmspell.errors import SetupError
from llmspell.sandbox.require import DEFAULT, check_claims, check_required, protections, read_claims
from llmspell.sandbox.verify import look
from llmspell_workers.wire import PROTOCOL_VERSION, Configure, Fatal

_VOUCHED = ("landlock-files",)
UNKNOWN: dict[str, object] = {"of-a-later-version": [1, "x", None, {"y": 2.5}]}
"""What a host of a later version might say."""


def says_hello(subject: Subject) -> None:
    with subject.started() as (_, hello):
        insist(hello.protocol == PROTOCOL_VERSION, f"its protocol is {hello.protocol}, not {PROTOCOL_VERSION}")
        insist(
            hello.engine == subject.spec.name, f"its engine is {hello.engine!r}, and {subject.spec.name!r} was given"
        )


def is_limited(subject: Subject) -> None:
    with subject.started() as (talk, _):
        try:
            look(talk.process, subject.memory)
        except SetupError as error:
            raise Broken(str(error)) from None


def is_confined(subject: Subject) -> None:
    with subject.started() as (talk, hello):
        try:
            evidence = look(talk.process, subject.memory)
            claims = read_claims(hello.features, vouched=_VOUCHED if subject.spec.needs is not None else ())
            check_claims(subject.spec.name, evidence, claims)
            check_required(subject.spec.name, protections(evidence, claims), DEFAULT)
        except SetupError as error:
            raise Broken(str(error)) from None


def refuses_other_protocol(subject: Subject) -> None:
    with subject.started() as (talk, _):
        talk.send(subject.configure(protocol=PROTOCOL_VERSION + 1))
        frame = talk.receive()
        insist(isinstance(frame, Fatal), f"to a Configure of protocol {PROTOCOL_VERSION + 1} it sent {told(frame)}")
        talk.gone()


def ignores_unknown_keys(subject: Subject) -> None:
    with subject.started() as (talk, _):
        known = subject.configure()
        limits, settings, surface = ({**each, **UNKNOWN} for each in (known.limits, known.settings, known.surface))
        talk.send(Configure(known.protocol, limits, settings, surface, known.environment, known.replay))
        ran = talk.run(subject.spells["print"])
        insist(
            ran.printed == b"hello\n",
            f"told of a limit and of a setting that it does not know, it ended with {told(ran.last)}",
        )


def shuts_down(subject: Subject) -> None:
    with subject.configured() as talk:
        talk.shut_down()
        frame = talk.receive()
        insist(frame is None, f"after Shutdown it sent {told(frame)}")
        ended = talk.gone()
        insist(ended.exit_code == 0, f"it ended with {how(ended)}")


def shuts_down_unconfigured(subject: Subject) -> None:
    with subject.started() as (talk, _):
        talk.shut_down()
        ended = talk.gone()
        insist(ended.exit_code == 0, f"it ended with {how(ended)}")


def ends_without_host(subject: Subject) -> None:
    with subject.configured() as talk:
        talk.process.close_stdin()
        talk.gone()


def ends_while_it_waits(subject: Subject) -> None:
    with subject.configured() as talk:
        talk.begin(subject.spells["back"])
        talk.first_call()
        talk.process.close_stdin()
        talk.gone()


def ends_with_host(subject: Subject) -> None:
    """A host of its own starts the worker, has it compute, says its pid, and is killed."""
    words = [sys.executable, "-m", "llmspell.engines.conformance.host"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # In a group of its own, so that Ctrl-C on a terminal is for us alone, who end it.
    host = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, process_group=0)
    assert host.stdin is not None
    assert host.stdout is not None
    with host:
        try:
            source = subject.spells["loop"]
            whom = (*subject.spec[:3], subject.spec.needs, subject.memory, len(source))
            host.stdin.write(repr(whom).encode() + b"\n" + source)
            host.stdin.flush()
            said = host.stdout.readline()
            insist(said.strip().isdigit(), f"it did not start: {said.decode('utf-8', 'replace').strip()}")
            pid = int(said)
        finally:
            host.kill()
    _gone(pid)


def _gone(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            if _state(pid) in ("", "Z"):
                return
            time.sleep(0.01)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        raise Broken(f"it was still there {END_SECONDS:g} s after its host was killed")
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(") ")[2][:1]
    except OSError:
        return ""


def survives_no_garbage(subject: Subject) -> None:
    for garbage in (b"\0\0\0\1\xc1", b"\0\0\0\2\x91\x63", b"\xff" * 64):
        with subject.configured() as talk:
            talk.write(garbage)
            talk.gone()


RULES = (
    Rule("start.hello", "says Hello within 10 seconds, with protocol 1 and the name that it was given", says_hello),
    Rule("start.limits", "has its limits of memory, file size and core files before its Hello", is_limited),
    Rule("start.confined", "has the protections that a run requires: memory, files, network, processes", is_confined),
    Rule("start.protocol", "sends Fatal to a protocol that it does not speak, and exits", refuses_other_protocol),
    Rule("start.unknown", "ignores keys of a map that it does not know", ignores_unknown_keys, "print"),
    Rule("end.shutdown", "ends silently with exit status 0 at Shutdown", shuts_down),
    Rule("end.unconfigured", "ends with exit status 0 at a Shutdown before Configure", shuts_down_unconfigured),
    Rule("end.stdin", "exits when its stdin ends", ends_without_host),
    Rule("end.stdin-waiting", "exits when its stdin ends while it waits for a reply", ends_while_it_waits, "back"),
    Rule("end.host", "is gone 2 seconds after its host was killed, also while it computes", ends_with_host, "loop"),
    Rule("end.garbage", "exits when what it is sent is no frame", survives_no_garbage),
)  # fmt: skip
