"""What a repository holds at a revision, asked of git so that nothing which the repository says is executed.

The rule kept here: a repository may be hostile, its own configuration included. So git is only asked what a name means
and what a tree lists. That reads objects, and no file of the work tree: no filter, no textconv, no fsmonitor, no hook,
no pager has a part in it. What could still reach out is switched off: objects are not fetched from elsewhere, other
objects do not stand in for them, and a bare repository that lies in the tree is not taken for the one around it. Whose
repository it may be (`safe.directory`) is git's own decision, by the user's configuration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence

from llmspell.errors import UsageError

SECONDS = 60.0
MAX_REVISION = 500
MAX_FILES = 2_000_000
"""A small repository can list files without end."""
_KEPT = ("HOME", "PATH", "XDG_CONFIG_HOME")
"""What git needs to find itself and the configuration of its user; a GIT_DIR or GIT_CONFIG_COUNT is not handed on."""
_SET = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_OPTIONS = (
    "--no-pager", "--no-replace-objects",
    "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
    "-c", "protocol.allow=never",
)  # fmt: skip
_PIECE = 1 << 16


class Repository:
    """The repository around a folder. Raises UsageError where there is none, or no git."""

    def __init__(self, folder: str) -> None:
        self._git = _found()
        self._folder = folder
        self.top = os.fsdecode(self._ask("rev-parse", "--show-toplevel"))
        """The folder of its work tree, without links."""

    def commit(self, revision: str) -> str:
        """The commit that a revision means. Raises UsageError."""
        if not revision or revision.startswith("-") or len(revision) > MAX_REVISION or "\0" in revision:
            raise UsageError(f"{revision[:MAX_REVISION]!a} is no revision of git")
        try:
            return os.fsdecode(self._ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))
        except UsageError as error:
            if error.args != (_SILENT,):
                raise
            raise UsageError(
                f"there is no revision {revision!a} in {self.top!a}; a shallow clone lacks what lies further back"
            ) from None

    def files(self, commit: str) -> Iterator[tuple[str, bytes]]:
        """Each file of a commit: its path below `top`, and the object that its content is. Raises UsageError."""
        command = self._command(["ls-tree", "-r", "-z", "--full-tree", commit])
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(
                command, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
            ) as process,
        ):
            late = threading.Timer(SECONDS, process.kill)
            late.start()
            try:
                for number, entry in enumerate(_entries(process)):
                    if number == MAX_FILES:
                        raise UsageError(
                            f"the commit {commit} holds over {MAX_FILES:,} files, and no more are compared"
                        )
                    about, _, path = entry.partition(b"\t")
                    kind, found = about.split()[1:3]
                    if kind == b"blob":
                        yield os.fsdecode(path), bytes.fromhex(found.decode("ascii"))
                if process.wait():
                    said.seek(0)
                    raise UsageError(_complaint(said.read(_PIECE)))
            finally:
                late.cancel()
                process.kill()
                late.join()

    def _ask(self, *arguments: str) -> bytes:
        try:
            done = subprocess.run(
                self._command(arguments),
                env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(
                f"git cannot be asked what has changed: {(error.strerror or str(error)).lower()}"
            ) from None
        except subprocess.TimeoutExpired:
            raise UsageError(f"git gave no answer within {SECONDS:g} s") from None
        if done.returncode:
            raise UsageError(_complaint(done.stderr))
        return done.stdout.removesuffix(b"\n")

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [self._git, *_OPTIONS, "-C", self._folder, *arguments]


_SILENT = "git has failed, and did not say why"


def _found() -> str:
    """The program, by a folder of PATH that is named in full: the tree that is looked at may hold a `git` too."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(folder)]
    git = shutil.which("git", path=os.pathsep.join(folders))
    if git is None:
        raise UsageError("what has changed is asked of git, and there is no git in PATH; leave --changed-since away")
    return git


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _SET


def _entries(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout is not None
    rest = b""
    while piece := process.stdout.read1(_PIECE):  # type: ignore[attr-defined]
        *whole, rest = (rest + piece).split(b"\0")
        yield from whole


def _complaint(said: bytes) -> str:
    """What git said, as text of ours: names in it may be anything."""
    line = said.decode("utf-8", "backslashreplace").strip().partition("\n")[0].removeprefix("fatal: ")
    if not line:
        return _SILENT
    return "git does not say what has changed: " + "".join(
        char if char.isprintable() else ascii(char)[1:-1] for char in line[:MAX_REVISION]
    )
