"""What the host sees of a worker from outside, and what it makes of it: never the worker's word alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import SetupError
from llmspell.outcome import Confinement
from llmspell.sandbox.driver import Worker
from llmspell.sandbox.process import WorkerProcess, spawn_here
from llmspell.sandbox.require import PROTECTIONS, Claims, protections, read_claims
from llmspell.sandbox.verify import Evidence, filters, look
from tests.sandbox.conftest import LIMITS, SCRIPTED, command, configuration, scripted

SEEN = ["no-new-privileges", "capabilities", "seccomp", "memory", "file-size", "core-files", "open-files"]
LANDLOCKED = {"armed": [*SEEN, "landlock-files", "landlock-network"], "missing": {}, "landlock": {"used": 7}}
THREAD = (
    "import ctypes, threading; ctypes.CDLL(None).mallopt(-8, 1); threading.stack_size(1 << 18);"
    " threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
)
"""Starts a thread that takes little of the memory limit: with no arena of its own (M_ARENA_MAX), and a small stack."""
is_root = os.geteuid() == 0


def refusal(prelude: str, require: tuple[str, ...] = PROTECTIONS) -> str:
    """Why a worker is refused."""
    worker = scripted(prelude, require=require)
    with pytest.raises(SetupError) as raised, worker:
        pass
    assert worker.process.ended is not None
    return str(raised.value)


def test_a_worker_that_the_kernel_shows_confined_has_every_protection_without_a_word() -> None:
    with scripted("confine(); hello()", require=PROTECTIONS) as worker:
        assert [one.name for one in worker.protections if one.active] == list(PROTECTIONS)
        assert worker.confinement == Confinement("address-space", "seccomp", "seccomp", "seccomp")


def test_landlock_is_a_second_layer_by_the_workers_word() -> None:
    with scripted(f"confine(); hello(confinement={LANDLOCKED!r})", require=PROTECTIONS) as worker:
        assert worker.confinement == Confinement(
            "address-space", "seccomp+landlock", "seccomp+landlock", "seccomp", landlock_abi=7
        )


@pytest.mark.parametrize(
    ("armed", "shown"),
    [
        ("arm(); keep_privileges(); drop_capabilities(); open_none()", "seccomp: its worker does not arm it"),
        pytest.param(
            "arm(); add_filter(); drop_capabilities(); open_none()",
            "no-new-privileges: its worker does not arm it (the kernel shows NoNewPrivs 0)",
            marks=pytest.mark.skipif(not is_root, reason="others cannot add a filter so"),
        ),
        pytest.param(
            "arm(); keep_privileges(); add_filter(); open_none()",
            "capabilities: its worker does not arm it (the kernel shows CapEff ",
            marks=pytest.mark.skipif(not is_root, reason="others have none"),
        ),
        pytest.param(
            "arm(); keep_privileges(); drop_capabilities(bounding=False); add_filter(); open_none()",
            "(the kernel shows CapEff 0000000000000000, CapBnd 000",
            marks=pytest.mark.skipif(not is_root, reason="others cannot lower it"),
        ),
    ],
)
def test_one_step_that_is_not_armed_leaves_memory_alone(armed: str, shown: str) -> None:
    said = refusal(f"{armed}; hello()")
    assert said.startswith("nothing ran, because engine scripted lacks what is required: files, network, processes; ")
    assert shown in said
    assert said.endswith("llmspell doctor shows all of it, and --require memory runs with less")
    with scripted(f"{armed}; hello()", require=("memory",)) as worker:
        assert worker.confinement == Confinement(memory="address-space")


def test_an_engine_that_may_open_files_needs_landlock_for_them() -> None:
    opens = "arm(); keep_privileges(); drop_capabilities(); add_filter(); hello()"
    said = refusal(opens)
    assert "lacks what is required: files; landlock-files: its worker does not arm it; " in said
    assert "; say what its worker reads as the `needs` of the engine, " in said
    assert said.endswith("--require memory,network,processes runs with less")
    claimed = {"armed": ["landlock-files"], "landlock": {"used": 1}}
    with scripted(opens.replace("hello()", f"hello(confinement={claimed!r})"), require=PROTECTIONS) as worker:
        assert worker.confinement == Confinement(
            "address-space", "seccomp+landlock", "seccomp", "seccomp", landlock_abi=1
        )


@pytest.mark.parametrize("step", ["no-new-privileges", "seccomp", "open-files"])
def test_a_worker_that_claims_more_than_the_kernel_shows_is_refused(step: str) -> None:
    said = refusal(f"arm(); hello(confinement={{'armed': [{step!r}]}})", require=("memory",))
    assert said.startswith(f"the worker for scripted says that {step} is armed, and the kernel shows ")


def test_why_a_step_is_missing_is_said_in_the_workers_words_which_cannot_be_long() -> None:
    words = {"missing": {"seccomp": "seccomp: not here (EPERM)" + "!" * 5000}}
    said = refusal(f"confine = arm; confine(); hello(confinement={words!r})")
    assert "; seccomp: not here (EPERM)!!!" in said
    assert len(said) < 1500


def in_a_thread(work: Callable[[], None]) -> None:
    """Does it in a thread of its own, and raises what it raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def add_filter_to_this_thread() -> None:
    """A seccomp filter that allows everything, as a container's: what this thread starts inherits it."""
    names: dict[str, Any] = {}
    text = SCRIPTED.read_text()
    body = "import os, sys\n" + text[text.index("def prctl") : text.index("def open_none")]
    exec(compile(body, "scripted", "exec"), names)
    names["keep_privileges"]()
    names["add_filter"]()


@pytest.mark.parametrize("adds", [False, True])
def test_a_filter_that_the_host_was_under_before_is_none_of_the_workers(adds: bool) -> None:
    prelude = f"arm(); drop_capabilities(); {'add_filter(); ' if adds else ''}open_none(); hello()"

    def work() -> None:
        add_filter_to_this_thread()
        worker = Worker(
            [],
            engine="scripted",
            limits=LIMITS,
            configure=configuration(),
            prestarted=spawn_here(command(prelude), "scripted", LIMITS.memory),
            require=PROTECTIONS,
        )
        if adds:
            with worker:
                assert worker.confinement.processes == "seccomp"
            return
        with pytest.raises(SetupError, match="seccomp filters 1, of which 1 come from outside"), worker:
            pass

    in_a_thread(work)


def test_a_thread_that_was_there_before_the_filter_is_seen() -> None:
    said = refusal(f"{THREAD}; confine(); hello()")
    assert "seccomp: its worker does not arm it (the kernel shows Seccomp 2 and 0)" in said


def test_a_thread_that_came_after_the_filter_is_under_it() -> None:
    with scripted(
        f"arm(); keep_privileges(); drop_capabilities(); add_filter(); {THREAD}; open_none(); hello()"
    ) as one:
        assert one.confinement.processes == "seccomp"


def test_without_proc_nothing_is_proved_and_memory_still_is(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., int] = os.open

    def no_status(path: str, flags: int) -> int:
        if path.endswith("/status"):
            raise PermissionError(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", no_status)
    said = refusal("confine(); hello()")
    assert "the kernel cannot be asked whether the worker is confined: /proc does not show the worker" in said
    assert "mount /proc without hidepid" in said
    with scripted(f"confine(); hello(confinement={LANDLOCKED!r})") as worker:  # what is not seen is not denied
        assert worker.confinement == Confinement(memory="address-space")


def test_the_status_of_another_process_proves_nothing() -> None:
    # As where /proc is that of another pid namespace: the worker's number means somebody else there.
    prestarted = spawn_here(command("confine(); hello()"), "scripted", LIMITS.memory)
    with scripted("confine(); hello()", require=PROTECTIONS) as other:
        os.dup2(other.process._status, prestarted._status)
        worker = Worker(
            [], engine="scripted", limits=LIMITS, configure=configuration(), prestarted=prestarted, require=PROTECTIONS
        )
        with pytest.raises(SetupError, match="/proc belongs to another pid namespace; mount one"), worker:
            pass


def test_looking_costs_next_to_nothing() -> None:
    with scripted("confine(); hello()") as worker:
        before = os.times()
        for _ in range(1000):
            look(worker.process, LIMITS.memory)
        after = os.times()
    assert sum(after[:2]) - sum(before[:2]) < 5.0  # 5 ms each; 0.1 ms on an idle machine


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["armed", "missing", "notes", "landlock", "other"]), VALUES) | VALUES)
def test_claims_of_any_form_are_read_and_prove_nothing(said: Any) -> None:
    claims = read_claims({"confinement": said})
    holds = {**dict.fromkeys(SEEN, False), "memory": True}
    found = protections(Evidence(holds, dict.fromkeys(SEEN, "nothing")), claims)
    assert [one.name for one in found if one.active] == ["memory"]


def test_no_claims_are_claims_of_nothing() -> None:
    assert read_claims({}) == Claims()
    assert read_claims({"confinement": {"armed": ["a", 3], "missing": ["b"], "landlock": {"used": True}}}) == Claims(
        frozenset({"a"})
    )


def test_a_status_without_the_count_of_filters_says_whether_there_is_one() -> None:
    assert [filters(b"Name:\tx\n" + rest) for rest in (b"", b"Seccomp:\t0\n", b"Seccomp:\t1\n", b"Seccomp:\t2\n")] == [
        0, 0, 0, 1,
    ]  # fmt: skip
    assert filters(b"Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t12\n") == 12


def test_a_host_that_lost_its_worker_says_that_it_cannot_be_verified() -> None:
    process: WorkerProcess = spawn_here(command(), "scripted", LIMITS.memory)
    process.kill_and_reap()
    with pytest.raises(SetupError, match="cannot be verified: the memory limit"):
        look(process, LIMITS.memory)
