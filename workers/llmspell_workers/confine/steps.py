"""The steps by which a process gives up, for good, what it could do: privileges, memory, files, system calls.

One function is one step, over a table of system calls that is handed in: a test, or whoever wants to know what another
kernel would do, hands in one that answers otherwise. Limits are soft and hard alike: without capabilities nothing
raises them again. Table and steps are one module because to load another takes longer than three of the steps.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Argument = int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_char_p]
    """A number, or bytes of which the kernel gets the address; to those of an array it may write."""
EPERM, E2BIG, EACCES, EINVAL, ENOSYS, EOPNOTSUPP = 1, 7, 13, 22, 38, 95
"""What the kernel says where it refuses (errno(3)); the module `errno` takes as long to load as Landlock to arm."""
MACHINES = ("x86_64", "aarch64")
"""What `uname` calls them, in the order of the columns."""
NUMBERS: dict[str, tuple[int, int]] = {
    "capget": (125, 90), "capset": (126, 91), "chdir": (80, 49), "close": (3, 57), "execveat": (322, 281),
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
        # Whole registers: an int would leave half of one as it was. Numbers, bytes and arrays can all be pointers.
        made = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, *(ctypes.c_void_p,) * 6, use_errno=True)
        self._syscall = made(("syscall", self.library))

    def __call__(  # each argument by a name: to pack them took a seventh of a call
        self,
        name: str,
        first: Argument = 0,
        second: Argument = 0,
        third: Argument = 0,
        fourth: Argument = 0,
        fifth: Argument = 0,
        sixth: Argument = 0,
    ) -> int:
        number = self.numbers.get(name)
        if number is None:
            raise OSError(ENOSYS, f"its number is not known for {self.machine}", name)
        result: int = self._syscall(number, first, second, third, fourth, fifth, sixth)
        if result == -1:
            failed = ctypes.get_errno()
            raise OSError(failed, os.strerror(failed), name)
        return result


def address(data: bytes) -> int:
    """Where the bytes lie, for as long as `data` is held."""
    return ctypes.c_void_p.from_buffer(ctypes.c_char_p(data)).value or 0


def why(error: OSError, hint: str = "") -> str:
    """What failed and with which errno, in words for a person; `hint` says what to do about it."""
    from errno import errorcode  # nothing was refused, mostly

    number = error.errno or 0
    code = "EOPNOTSUPP" if number == EOPNOTSUPP else errorcode.get(number, str(number))  # its other name is ENOTSUP
    return f"{error.filename}: {error.strerror} ({code}){'; ' if hint else ''}{hint}"


_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_MDWE = 65
_PR_MDWE_REFUSE_EXEC_GAIN = 1
_SIGKILL = 9  # the numbers of x86-64 and aarch64; `signal` makes enums of them, `resource` is one more library to map
_RLIMIT_FSIZE, _RLIMIT_STACK, _RLIMIT_CORE, _RLIMIT_NOFILE, _RLIMIT_AS = 1, 3, 4, 7, 9
_CAPABILITY_VERSION_3 = (0x20080522).to_bytes(4, "little") + bytes(4)
_NO_ROOT_LOCKED = 0b1110_1111
"""NOROOT, NO_SETUID_FIXUP, no KEEP_CAPS, NO_CAP_AMBIENT_RAISE, each locked: root is a user like others, for good
(capabilities(7))."""
_MOST_CAPABILITIES = 64
_SET_MODE_FILTER = 1
_FLAG_TSYNC = 1

STACK = 768 * 1024
"""Bytes: what nested callbacks of C functions, 200 deep, take of it in Lua is 460 KiB, measured."""
_MARGIN = 64 * 1024
"""Bytes: what the process has used of it by now, and more."""


def gain_none(calls: SystemCalls) -> None:
    """No exec gives more than there is now (PR_SET_NO_NEW_PRIVS(2const)); Landlock and seccomp ask for it."""
    _set(calls, "PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def hide_from_others(calls: SystemCalls) -> None:
    """Not dumpable: no core file, and no process of the same user can read or trace this one (E2)."""
    _set(calls, "PR_SET_DUMPABLE", _PR_SET_DUMPABLE, 0)


def refuse_write_execute(calls: SystemCalls) -> None:
    """No mapping is both written and executed, none becomes executable (PR_SET_MDWE(2const), Linux 6.3; E3)."""
    _set(calls, "PR_SET_MDWE", _PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN)


def drop_capabilities(calls: SystemCalls) -> None:
    """Drops every capability there is, root's too, and those that root would get back.

    With the permitted ones the kernel drops those that an exec keeps, the ambient ones (capabilities(7)).
    The bounding set needs CAP_SETPCAP to be lowered: without it, it stays, and means nothing without an exec that
    gives capabilities. Raises OSError if one capability is left.
    """
    if _lower_bounding_set(calls):
        _set(calls, "PR_SET_SECUREBITS", _PR_SET_SECUREBITS, _NO_ROOT_LOCKED)
    calls("capset", _CAPABILITY_VERSION_3, bytes(24))
    left = ctypes.create_string_buffer(24)
    calls("capget", _CAPABILITY_VERSION_3, left)
    if any(left.raw):
        raise OSError(EPERM, "some are still held", "capset")


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


def limit_memory(calls: SystemCalls, memory: int) -> None:
    """Holds the address space to `memory` bytes: resident memory can never be above it."""
    _limit(calls, _RLIMIT_AS, memory)


def limit_file_size(calls: SystemCalls) -> None:
    """No file may grow; pipes are not concerned."""
    _limit(calls, _RLIMIT_FSIZE, 0)


def limit_core_files(calls: SystemCalls) -> None:
    """No core file is written."""
    _limit(calls, _RLIMIT_CORE, 0)


def limit_open_files(calls: SystemCalls, files: int) -> None:
    """No descriptor from `files` on can be made; those that are open stay, and `select` takes them (E1)."""
    _limit(calls, _RLIMIT_NOFILE, files)


def _limit(calls: SystemCalls, which: int, value: int) -> None:
    both = value.to_bytes(8, "little")
    calls("prlimit64", 0, which, both + both, 0)


def hold_stack(calls: SystemCalls, size: int = STACK) -> None:
    """Makes the stack `size` bytes deep and more, before memory is limited; it never shrinks.

    The kernel counts the stack as address space when it grows, and it grows by page faults: a process that has used up
    its RLIMIT_AS is killed by SIGSEGV at a call that goes one page deeper than any before. One byte at its far end is
    read: the kernel then counts all that lies before it, and fills none of it.
    """
    try:
        top = ctypes.c_void_p.in_dll(calls.library, "__libc_stack_end").value or 0
    except ValueError:
        top = 0  # another C library than glibc does not tell
    if top and _stack_limit(calls) >= 2 * (size + _MARGIN):  # beyond the limit, the read would be the end
        ctypes.c_char.from_address(top - size - _MARGIN).value  # noqa: B018
    else:
        from llmspell_workers.confine.stack import call_down

        call_down(size)


def _stack_limit(calls: SystemCalls) -> int:
    limits = ctypes.create_string_buffer(24)
    calls("prlimit64", 0, _RLIMIT_STACK, 0, limits)
    return int.from_bytes(limits.raw[:8], "little")


def filter_calls(calls: SystemCalls, code: bytes) -> None:
    """Puts a filter of system calls in force, for all threads. It is last: it refuses what the others call."""
    # struct sock_fprog: the count of instructions, and behind padding where they are
    header = (len(code) // 8).to_bytes(8, "little") + address(code).to_bytes(8, "little")
    failed = calls("seccomp", _SET_MODE_FILTER, _FLAG_TSYNC, header)
    if failed:  # the id of a thread that cannot be brought under the filter
        raise OSError(EPERM, f"thread {failed} has a filter of its own", "seccomp")


def worker_filter(machine: str, pid: int) -> bytes:
    """The filter of a worker of ours whose process is `pid`: what `rules.py` lists, and EPERM for everything else.

    Raises OSError for a machine without one.
    """
    known = FILTERS.get(machine)
    if known is None:
        raise OSError(ENOSYS, f"there is no list of system calls for {machine}", "seccomp")
    return bytes.fromhex(known).replace(PID_MARK.to_bytes(4, "little"), pid.to_bytes(4, "little"))


PID_MARK = 0x7F1D7F1D
"""Stands for the pid: no process has as high a number (PID_MAX_LIMIT is 2^22)."""
FILTERS = {
    "x86_64": """
2000000004000000150001003e0000c006000000000000802000000000000000350000010000004006000000010005003500000127000000
0500000026000000350000010f00000005000000150000001500000100000000060000000000ff7f1500000101000000060000000000ff7f
150000040900000020000000200000004500010004000000060000000000ff7f0600000001000500150000040a0000002000000020000000
4500010004000000060000000000ff7f0600000001000500150000010b000000060000000000ff7f150000010c000000060000000000ff7f
150000010e000000060000000000ff7f0600000001000500150000010f000000060000000000ff7f1500000114000000060000000000ff7f
1500000117000000060000000000ff7f1500000118000000060000000000ff7f1500000119000000060000000000ff7f150000011c000000
060000000000ff7f1500000123000000060000000000ff7f060000000100050035000001e4000000050000000f0000001500000127000000
060000000000ff7f150000013c000000060000000000ff7f1500000160000000060000000000ff7f15000001ba000000060000000000ff7f
15000001c9000000060000000000ff7f15000001ca000000060000000000ff7f15000001db000000060000000000ff7f0600000001000500
15000004e40000002000000010000000250001000b000000060000000000ff7f060000000100050015000001e6000000060000000000ff7f
15000001e7000000060000000000ff7f15000006ea0000002000000010000000150000031d7f1d7f20000000200000001500000106000000
060000000000ff7f0600000001000500150000010e010000060000000000ff7f150000013e010000060000000000ff7f15000001b3010000
06000000260005000600000001000500
""",
    "aarch64": """
200000000400000015000100b70000c006000000000000802000000000000000350000018700000005000000260000003500000162000000
050000000d000000150000013f000000060000000000ff7f1500000140000000060000000000ff7f1500000142000000060000000000ff7f
1500000148000000060000000000ff7f150000015d000000060000000000ff7f150000015e000000060000000000ff7f0600000001000500
1500000162000000060000000000ff7f1500000165000000060000000000ff7f15000004710000002000000010000000250001000b000000
060000000000ff7f06000000010005001500000173000000060000000000ff7f150000017c000000060000000000ff7f1500000180000000
060000000000ff7f15000006830000002000000010000000150000031d7f1d7f20000000200000001500000106000000060000000000ff7f
0600000001000500060000000100050035000001d7000000050000000d0000001500000187000000060000000000ff7f150000018b000000
060000000000ff7f15000001a9000000060000000000ff7f15000001ac000000060000000000ff7f15000001b2000000060000000000ff7f
15000001d6000000060000000000ff7f060000000100050015000001d7000000060000000000ff7f15000001d8000000060000000000ff7f
15000004de00000020000000200000004500010004000000060000000000ff7f060000000100050015000004e20000002000000020000000
4500010004000000060000000000ff7f060000000100050015000001e9000000060000000000ff7f1500000116010000060000000000ff7f
15000001b301000006000000260005000600000001000500
""",
}
"""By machine the filter of a worker of ours, in hexadecimal, eight bytes an instruction. To assemble it takes longer
than to arm all the rest; a test assembles it again, and compares."""
FILTER_HINTS = {
    ENOSYS: "the kernel has no seccomp filters, or an outer filter hides them",
    EINVAL: "the kernel has no seccomp filters, or an outer filter hides them",
    EACCES: "no_new_privs is not set",
    EPERM: "an outer seccomp filter or container refuses it",
}
"""What to say of an errno of seccomp(2)."""
