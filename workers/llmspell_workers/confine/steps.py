"""The steps by which a process gives up, for good, what it could do: privileges, memory, files, system calls.

One function is one step, over a table of system calls that is handed in: a test, or whoever wants to know what another
kernel would do, hands in one that answers otherwise. Limits are soft and hard alike: without capabilities nothing
raises them again. Table and steps are one module because to load another takes longer than three of the steps; so what
an older kernel asks for, or a worker that may read files, stands elsewhere.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Argument = int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_char_p]
    """A number of 32 bits, or bytes of which the kernel gets the address; to those of an array it may write."""
    Landlocked = tuple[dict[str, int], dict[str, str], dict[str, str]]
EPERM, E2BIG, EACCES, EINVAL, ENOSYS, EOPNOTSUPP = 1, 7, 13, 22, 38, 95
"""What the kernel says where it refuses (errno(3)); the module `errno` takes as long to load as Landlock to arm."""
MACHINES = ("x86_64", "aarch64")
"""What `uname` calls them, in the order of the columns."""
NUMBERS: dict[str, tuple[int, int]] = {
    "capset": (126, 91), "chdir": (80, 49), "close": (3, 57), "execveat": (322, 281),
    "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444), "landlock_restrict_self": (446, 446),
    "mount": (165, 40), "openat": (257, 56), "pivot_root": (155, 41), "prctl": (157, 167), "prlimit64": (302, 261),
    "seccomp": (317, 277), "umount2": (166, 39), "unshare": (272, 97),
}  # fmt: skip
"""The calls by which a process is confined; `numbers.py` says where the numbers are from, and has all the others."""


class SystemCalls:
    """The calls of the kernel below: `calls("prctl", 4, 0)`.

    `machine` is what `uname` says. A call that fails raises OSError, with the call's name as its `filename`.
    `numbers` are those that the machine has; `library` is the C library that makes them.
    """

    __slots__ = ("_syscall", "library", "machine", "numbers")

    def __init__(self, machine: str | None = None) -> None:
        self.machine = machine or os.uname().machine
        column = MACHINES.index(self.machine) if self.machine in MACHINES else None
        self.numbers = {} if column is None else {name: row[column] for name, row in NUMBERS.items()}
        self.library = ctypes.pythonapi  # all that is loaded, the C library with it
        # No types of arguments: to convert them took half of a call. What is a C int then fills its whole register
        # (libffi extends it, on both machines), as long as all six are in registers: a seventh would not be.
        self._syscall = ctypes.CFUNCTYPE(ctypes.c_long, use_errno=True)(("syscall", self.library))

    def __call__(  # each argument by a name: to pack them took a seventh of a call
        self, name: str, first: Argument = 0, second: Argument = 0, third: Argument = 0, fourth: Argument = 0,
        fifth: Argument = 0,
    ) -> int:  # fmt: skip
        number = self.numbers.get(name)
        if number is None:
            raise OSError(ENOSYS, f"its number is not known for {self.machine}", name)
        result: int = self._syscall(number, first, second, third, fourth, fifth)
        if result == -1:
            failed = ctypes.get_errno()
            raise OSError(failed, os.strerror(failed), name)
        return result


def why(error: OSError, hint: str = "") -> str:
    """What failed and with which errno, in words for a person; `hint` says what to do about it."""
    from errno import errorcode  # nothing was refused, mostly

    number = error.errno or 0
    code = "EOPNOTSUPP" if number == EOPNOTSUPP else errorcode.get(number, str(number))  # its other name is ENOTSUP
    return f"{error.filename}: {error.strerror} ({code}){'; ' if hint else ''}{hint}"


_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_PR_MDWE_REFUSE_EXEC_GAIN = 1
_SIGKILL = 9  # the numbers of x86-64 and aarch64; `signal` makes enums of them, `resource` is one more library to map
FILE_SIZE, STACK_SIZE, CORE_FILES, OPEN_FILES, MEMORY = 1, 3, 4, 7, 9
"""What `limit` limits: bytes that a file may grow to (pipes are not concerned), that the stack and that a core file may
have, the first descriptor that cannot be made (those that are open stay, and `select` takes them: E1), bytes of address
space (resident memory can never be above it)."""
_CAPABILITY_VERSION_3 = (0x20080522).to_bytes(4, "little") + bytes(4)
_NO_ROOT_LOCKED = 0b1110_1111
"""NOROOT, NO_SETUID_FIXUP, no KEEP_CAPS, NO_CAP_AMBIENT_RAISE, each locked: root is a user like others, for good
(capabilities(7))."""
_MOST_CAPABILITIES = 64
_LANDLOCK_FILES = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16, 8: 16, 9: 17}
"""How many of the bits for files each ABI level has: 2 refer (Linux 5.19), 3 truncate (6.2), 5 ioctl on devices (6.10),
9 connecting to named unix sockets (7.1). Sources: landlock(7), landlock_create_ruleset(2), uapi/linux/landlock.h."""
HIGHEST = 9
"""The newest level whose bits are known here."""
NETWORK_SINCE, SCOPES_SINCE = 4, 6
"""The levels of Linux 6.7 and 6.12."""
_TCP = _SCOPES = 0b11
"""Bind and connect; abstract unix sockets and signals."""
_CREATE_VERSION = 1
AT_FDCWD = -100
LANDLOCK = ("landlock-files", "landlock-network", "landlock-scopes")
"""The steps that Landlock is."""
_SET_MODE_FILTER = 1
_FLAG_TSYNC = 1

STACK = 768 * 1024
"""Bytes: what nested callbacks of C functions, 200 deep, take of it in Lua is 460 KiB, measured."""
_MARGIN = 64 * 1024
"""Bytes: what the process has used of it by now, and more."""
_STACK_LIMIT = 8 * 1024 * 1024
"""Bytes, what the kernel gives if nobody asks for another (_STK_LIM)."""


def gain_none(calls: SystemCalls) -> None:
    """No exec gives more than there is now (PR_SET_NO_NEW_PRIVS(2const)); Landlock and seccomp ask for it."""
    _set(calls, "PR_SET_NO_NEW_PRIVS", 38, 1)


def hide_from_others(calls: SystemCalls) -> None:
    """Not dumpable: no core file, and no process of the same user can read or trace this one (E2)."""
    _set(calls, "PR_SET_DUMPABLE", 4, 0)


def refuse_write_execute(calls: SystemCalls) -> None:
    """No mapping is both written and executed, none becomes executable (PR_SET_MDWE(2const), Linux 6.3; E3)."""
    _set(calls, "PR_SET_MDWE", 65, _PR_MDWE_REFUSE_EXEC_GAIN)


def drop_capabilities(calls: SystemCalls) -> None:
    """Drops every capability there is, root's too, and those that root would get back.

    With the permitted ones the kernel drops those that an exec keeps, the ambient ones (capabilities(7)).
    The bounding set needs CAP_SETPCAP to be lowered: without it, it stays, and means nothing without an exec that
    gives capabilities. That none is left is seen from outside (`sandbox/verify.py`).
    """
    if _lower_bounding_set(calls):
        _set(calls, "PR_SET_SECUREBITS", 28, _NO_ROOT_LOCKED)
    calls("capset", _CAPABILITY_VERSION_3, bytes(24))


def _set(calls: SystemCalls, name: str, option: int, value: int) -> None:
    """prctl(2), whose error names the option."""
    try:
        calls("prctl", option, value)
    except OSError as error:
        error.filename = f"prctl({name})"
        raise


def _lower_bounding_set(calls: SystemCalls) -> bool:
    for capability in range(_MOST_CAPABILITIES):
        try:
            calls("prctl", _PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == EINVAL:  # there are no more
                return True
            if error.errno == EPERM and capability == 0:
                return False
            raise
    return True


def die_with_host(calls: SystemCalls) -> None:
    """Asks the kernel to kill this process when the host's spawning thread ends (E27).

    The race: a host that died before this line leaves no signal. Then the parent has changed, or, where it died
    before the first reading of the parent, stdin is at its end before a script can arrive.
    """
    parent = os.getppid()
    calls("prctl", _PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit(calls: SystemCalls, which: int, most: int) -> None:
    """Holds the process to `most` of MEMORY, FILE_SIZE, CORE_FILES or OPEN_FILES."""
    both = most.to_bytes(8, "little")
    calls("prlimit64", 0, which, both + both, 0)


def hold_stack(calls: SystemCalls, size: int = STACK) -> None:
    """Makes the stack `size` bytes deep and more, before memory is limited; it never shrinks.

    The kernel counts the stack as address space when it grows, and it grows by page faults: a process that has used up
    its RLIMIT_AS is killed by SIGSEGV at a call that goes one page deeper than any before. One byte at its far end is
    read: the kernel then counts all that lies before it, and fills none of it. Raises OSError if it may not grow.
    """
    try:
        limit(calls, STACK_SIZE, _STACK_LIMIT)
    except OSError:  # the hard limit is lower
        from llmspell_workers.confine.stack import check_limit

        check_limit(size + 2 * _MARGIN)
    try:
        start = ctypes.c_void_p.in_dll(calls.library, "__libc_stack_end").value or 0
    except ValueError:  # another C library than glibc
        from llmspell_workers.confine.stack import told_by_kernel

        start = told_by_kernel()
    ctypes.c_char.from_address(start - size - _MARGIN).value  # noqa: B018


def restrict(calls: SystemCalls, readable: Sequence[str] = ()) -> Landlocked:
    """Landlock: refuses all files, TCP and scopes that this kernel can, but to read and execute what is `readable`.

    Gives the ABI levels `announced` and `used`, 0 for none, the steps that are missing, and notes on the others.
    A rule set names the kinds of access that it handles, and without a rule all of them are refused. What a kernel
    announces is not believed: a rule set is made with all bits of the level, and on EINVAL with those of the level
    below (some vendors' kernels announce more than they have); what was taken is tried once. Raises nothing for a
    kernel without Landlock: it says so. Raises OSError for a path that cannot be opened.
    """
    try:
        announced = calls("landlock_create_ruleset", 0, 0, _CREATE_VERSION)
        level, ruleset = _create(calls, min(announced, HIGHEST))
    except OSError as error:
        return _without(0, _refused(error))
    missing: dict[str, str] = {}
    notes: dict[str, str] = {}
    try:
        if level < min(announced, HIGHEST) or level < SCOPES_SINCE:
            from llmspell_workers.confine import levels  # as long as files can be opened

            missing, notes = levels.missing(announced, level), levels.notes(announced, level)
        if readable:
            from llmspell_workers.confine.readable import allow

            allow(calls, ruleset, readable)
        try:
            calls("landlock_restrict_self", ruleset, 0)
        except OSError as error:
            return _without(announced, _refused(error))
    finally:
        calls("close", ruleset)
    if "/" not in readable and _still_opens(calls):
        return _without(announced, f"the rule set of ABI {level} was taken, and the root folder opens all the same")
    return {"announced": announced, "used": level}, missing, notes


def _without(announced: int, reason: str) -> Landlocked:
    return {"announced": announced, "used": 0}, dict.fromkeys(LANDLOCK, reason), {}


def _refused(error: OSError) -> str:
    from llmspell_workers.confine.levels import HINTS

    return why(error, HINTS.get(error.errno or 0, ""))


def attribute(level: int) -> bytes:
    """`struct landlock_ruleset_attr` with everything that a level handles, as long as that level knows it."""
    files = (1 << _LANDLOCK_FILES[level]) - 1
    network = _TCP if level >= NETWORK_SINCE else 0
    scopes = _SCOPES if level >= SCOPES_SINCE else 0
    words = (files, network, scopes)[: 3 if scopes else 2 if network else 1]
    return b"".join(word.to_bytes(8, "little") for word in words)


def _create(calls: SystemCalls, level: int) -> tuple[int, int]:
    while True:
        wanted = attribute(level)
        try:
            return level, calls("landlock_create_ruleset", wanted, len(wanted), 0)
        except OSError as error:
            if error.errno not in (EINVAL, E2BIG) or level == 1:
                raise
            level -= 1


def _still_opens(calls: SystemCalls) -> bool:
    try:
        calls("close", calls("openat", AT_FDCWD, b"/\0", os.O_RDONLY | os.O_DIRECTORY, 0))
    except OSError:
        return False
    return True


def filter_calls(calls: SystemCalls, filter_for: Callable[[str, int], bytes]) -> None:
    """Puts a filter of system calls in force, for all threads. It is last: it refuses what the others call."""
    code = filter_for(calls.machine, os.getpid())
    lies = ctypes.c_void_p.from_buffer(ctypes.c_char_p(code)).value or 0
    # struct sock_fprog: the count of instructions, and behind padding where they are
    header = (len(code) // 8).to_bytes(8, "little") + lies.to_bytes(8, "little")
    failed = calls("seccomp", _SET_MODE_FILTER, _FLAG_TSYNC, header)
    if failed:  # the id of a thread that cannot be brought under the filter
        raise OSError(EPERM, f"thread {failed} has a filter of its own", "seccomp")


FILTER_HINTS = {
    ENOSYS: "the kernel has no seccomp filters, or an outer filter hides them",
    EINVAL: "the kernel has no seccomp filters, or an outer filter hides them",
    EACCES: "no_new_privs is not set",
    EPERM: "an outer seccomp filter or container refuses it",
}
"""What to say of an errno of seccomp(2)."""
