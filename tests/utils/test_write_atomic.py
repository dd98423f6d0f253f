"""A process that writes a file is killed at every step of it: whoever reads the file sees the old or the new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from llmspell.utils.files import write_atomic
from tests.uncounted import uncounted

OLD, NEW = b"old" * 1000, b"new!" * 1000
WRITER = f"""
import os, signal, sys
from llmspell.utils import files

steps = []

def watch(frame, event, called):
    if event in ("c_call", "c_return") and frame.f_code.co_filename == files.__file__:
        steps.append((event, called.__name__))
        if len(steps) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(watch)
files.write_atomic(sys.argv[1], [{NEW[:1000]!r}, {NEW[1000:]!r}])
sys.setprofile(None)
print(*(name for event, name in steps if event == "c_call"))
"""


def write_and_die(path: Path, step: int) -> subprocess.CompletedProcess[str]:
    """Replaces the file in a process of its own, which is killed before or after its nth call of the system."""
    return subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{WRITER}", str(path), str(step)],
        env=uncounted(), capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip


def test_a_kill_at_any_step_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    seen: list[bytes] = []
    drafts = 0
    for step in range(1, 1000):
        path.write_bytes(OLD)
        done = write_and_die(path, step)
        seen.append(path.read_bytes())
        left = sorted(set(os.listdir(tmp_path)) - {"a.txt"})
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert all(name.startswith(".llmspell-") and name.endswith(".tmp") for name in left)
        drafts += len(left)
        for name in left:
            (tmp_path / name).unlink()
    assert set(seen) == {OLD, NEW}
    assert seen == sorted(seen, key=[OLD, NEW].index), "once the new file is there, it stays"
    assert left == []
    assert drafts > 5, "it was killed while the draft was there"
    calls = done.stdout.split()
    steps = [name for name in calls if name in {"write", "fsync", "replace"}]
    assert steps == ["write", "write", "fsync", "replace", "fsync"]


def test_a_draft_that_a_crash_left_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    (tmp_path / ".llmspell-0123456789abcdef.tmp").write_bytes(b"half")
    assert write_atomic(path, NEW) == len(NEW)
    assert path.read_bytes() == NEW
