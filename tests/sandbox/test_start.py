"""Workers that do not come up: always a SetupError, with what they said, and nothing left."""

from __future__ import annotations

import pytest

from llmspell.errors import SetupError
from llmspell.sandbox.driver import Worker
from llmspell.sandbox.watch import Patience
from llmspell_workers.wire import Configure
from tests.patience import PATIENTLY, growing
from tests.sandbox.conftest import LIMITS, command, run_on, scripted

STARTS = {
    "silence": ("say('hm'); signal.pause()", "said no Hello within 0.5 s; it said: hm"),
    "silence without stdout": ("os.close(1); signal.pause()", "said no Hello within 0.5 s"),
    "death": (
        "say('cannot\\x07 start'); os._exit(9)",
        r"exited with status 9 before it was ready; it said: cannot\x07 start",
    ),
    "a signal": ("os.abort()", "was killed by SIGABRT before it was ready"),
    "Fatal": ("send(wire.Fatal('no engine'))", "gave up before it was ready: no engine"),
    "garbage": (
        "raw(b'hello, world, this is no frame')",
        "broke the protocol: a frame of 1,751,477,356 bytes",
    ),
    "another frame": ("unchecked(wire.Output('stdout', b''))", "a Output frame in state starting"),
    "another protocol": ("arm(); hello(protocol=7)", "speaks version 7 of the wire, and this is version 1"),
    "another engine": ("arm(); hello('other')", "says that it is 'other'"),
    "no memory limit": (
        "hello()",
        "is not armed: the memory limit (RLIMIT_AS) is unlimited and unlimited instead of 50 MiB",
    ),
    "a wide memory limit": ("arm(60 << 20); hello()", "(RLIMIT_AS) is 60 MiB and 60 MiB instead of 50 MiB"),
    "files": (
        "arm(file_size=1); hello()",
        "the file-size limit (RLIMIT_FSIZE) is 1 bytes and 1 bytes instead of 0 bytes",
    ),
}


@pytest.mark.parametrize(("prelude", "why"), STARTS.values(), ids=STARTS)
def test_a_worker_that_does_not_come_up_is_a_setup_error(prelude: str, why: str) -> None:
    for hello in growing(0.5):
        worker = scripted(prelude, hello=hello if "Hello" in why else PATIENTLY)
        with pytest.raises(SetupError) as raised, worker:
            pass
        assert worker.process.ended is not None
        said = str(raised.value).replace(f"{hello:g} s", "0.5 s")
        if why in said:
            break  # and otherwise it had no time to say anything
    assert why in said


def test_a_last_hello_of_a_dead_worker_is_no_error_yet() -> None:
    with scripted("arm(); hello(); os._exit(0)") as worker:
        assert run_on(worker, "").verdict == "crash"


def test_a_configuration_that_cannot_travel_is_a_setup_error() -> None:
    frame = Configure(1, {"f": object()}, {}, {}, {})
    worker = Worker(command(), engine="scripted", limits=LIMITS, configure=frame, patience=Patience())
    with pytest.raises(SetupError, match="cannot be configured"), worker:
        pass


def test_a_worker_that_ignores_shutdown_is_killed() -> None:
    with scripted(shutdown=0.05) as worker:
        run_on(worker, "done(); signal.pause()")
    assert worker.process.ended is not None
    assert worker.process.ended.signal == 9


def test_an_idle_worker_ends_by_itself_when_it_is_asked_to() -> None:
    with scripted(shutdown=PATIENTLY) as worker:
        pass
    assert worker.process.ended is not None
    assert worker.process.ended.exit_code == 0
    worker.close()
