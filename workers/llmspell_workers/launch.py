"""Arms itself like a worker of ours, then executes a worker by somebody else in its place.

Started as `python -I -S launch.py [--namespaces] PATH... -- COMMAND... ENGINE MEMORY`: the program may read the paths,
its own file, the files that its command names, and the system's libraries; nothing else. All of it or nothing: where a
step cannot be armed that the program could break out by, it is not executed, and stderr says why. That a launched
worker says hello is the proof that it is confined. Not armed are `not-dumpable`, which an exec resets, and
`no-write-execute`.
"""

import ctypes
import fcntl
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from llmspell_workers.confine import SystemCalls, confine
from llmspell_workers.confine.programs import AT_EMPTY_PATH, OPEN_FILES, PROGRAM, program_filter, system_paths

NOT_ARMED = ("not-dumpable", "no-write-execute", "landlock-network", "landlock-scopes")
"""Steps without which a program is executed all the same: the last two are second layers of seccomp."""
_MOST_INTERPRETERS = 4
"""How many scripts may interpret one another; the kernel's own limit (fs/exec.c)."""


def main(arguments: list[str]) -> None:
    """Becomes the program. Ends with status 3 if it cannot be confined or executed."""
    marker = arguments.index("--")
    readable, command, memory = arguments[:marker], arguments[marker + 1 :], int(arguments[-1])
    namespaces = readable[:1] == ["--namespaces"]
    os.closerange(3, 1 << 20)
    calls = SystemCalls()
    too_little = (
        f"{arguments[-2]}: {memory >> 20} MiB are too little for its launcher, which needs about 16: raise --mem\n"
    )
    last_word = too_little.encode("utf-8", "backslashreplace")  # made while there is memory
    try:
        command = interpreted(command)
        take_program(command[0])
        named = [word for word in command[:-2] if os.path.isabs(word) and os.path.isfile(word)]
        result = confine(
            calls,
            memory,
            program_filter,
            readable=[*readable[namespaces:], *named, *system_paths()],
            open_files=OPEN_FILES,
            executes=True,
            namespaces=namespaces,
        )
        missing = [f"{step}: {why}" for step, why in result.missing.items() if step not in NOT_ARMED]
        if missing:
            raise OSError(0, "cannot be confined: " + "; ".join(missing), command[0])
        execute(calls, command)
    except MemoryError:
        os.write(2, last_word)
        os._exit(3)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        os.write(2, f"{arguments[-2]}: {where}{reason}\n".encode("utf-8", "backslashreplace"))
        os._exit(3)


def interpreted(command: list[str]) -> list[str]:
    """The command with the interpreter of a `#!` script before it: the kernel cannot open a script by a descriptor."""
    for _ in range(_MOST_INTERPRETERS):
        with open(command[0], "rb") as program:
            first = program.read(256)
        if not first.startswith(b"#!"):
            return command
        words = os.fsdecode(first[2:].split(b"\n", 1)[0]).strip().split(None, 1)
        if not words:
            raise OSError(0, "its #! line names no interpreter", command[0])
        command = [*words, *command]
    raise OSError(0, "its interpreter is a script, too", command[0])


def take_program(path: str) -> None:
    """Opens it as the one descriptor that can be executed."""
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, PROGRAM) != PROGRAM:
        raise OSError(0, f"descriptor {PROGRAM} is taken", path)
    os.close(opened)


def execute(calls: SystemCalls, command: list[str]) -> None:
    """Executes what `take_program` opened, with nothing in its environment. Returns by an OSError only."""
    words = (ctypes.c_char_p * (len(command) + 1))(*map(os.fsencode, command), None)
    nothing = (ctypes.c_char_p * 1)(None)
    calls("execveat", PROGRAM, b"", words, nothing, AT_EMPTY_PATH)


if __name__ == "__main__":
    main(sys.argv[1:])
