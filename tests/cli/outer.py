"""Starts a command in a harder place: under an outer seccomp filter, with another /proc, as another user.

Started as `python -I outer.py [--refuse WHAT:ERRNO]... [--hidepid] [--no-proc] [--open FOLDER]... [--user UID]
COMMAND...`. What is refused is answered with that errno by a filter that the command inherits, as in a container:
`landlock`, `seccomp` (with prctl(PR_SET_SECCOMP)) or `namespaces` (unshare, clone with CLONE_NEWUSER, clone3). A folder
that is opened can be reached by other users, though it lies in a closed one. Needs root for all but `--refuse`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import NoReturn

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22
ALLOW, FAIL = 0x7FFF0000, 0x00050000
LOAD, EQUALS, HAS, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, FIRST = 0, 16
"""Where in `struct seccomp_data` the number of the call and the low half of its first argument lie."""
NUMBERS = {
    "x86_64": {"prctl": 157, "seccomp": 317, "unshare": 272, "clone": 56, "clone3": 435},
    "aarch64": {"prctl": 167, "seccomp": 277, "unshare": 97, "clone": 220, "clone3": 435},
}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)


def instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One `struct sock_filter`."""
    return code.to_bytes(2, "little") + bytes((yes, no)) + value.to_bytes(4, "little")


def refusing(number: int, code: int) -> list[bytes]:
    """Refuses a call."""
    return [instruction(EQUALS, number, 0, 1), instruction(RETURN, FAIL | code)]


def refusing_if(number: int, test: int, value: int, code: int) -> list[bytes]:
    """Refuses a call for its first argument."""
    return [
        instruction(EQUALS, number, 0, 4),
        instruction(LOAD, FIRST),
        instruction(test, value, 0, 1),
        instruction(RETURN, FAIL | code),
        instruction(LOAD, NUMBER),
    ]


def rules(what: str, code: int) -> list[bytes]:
    """The instructions for one `--refuse`."""
    if what == "landlock":
        return [one for number in (444, 445, 446) for one in refusing(number, code)]
    if what == "seccomp":
        return refusing(NUMBERS["seccomp"], code) + refusing_if(NUMBERS["prctl"], EQUALS, PR_SET_SECCOMP, code)
    assert what == "namespaces", what
    return (
        refusing_if(NUMBERS["unshare"], HAS, CLONE_NEWUSER, code)
        + refusing_if(NUMBERS["clone"], HAS, CLONE_NEWUSER, code)
        + refusing(NUMBERS["clone3"], errno.ENOSYS)
    )


def checked(result: int) -> None:
    """Raises OSError for what failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def install(refused: list[bytes]) -> None:
    """Puts the filter in force."""
    code = b"".join([instruction(LOAD, NUMBER), *refused, instruction(RETURN, ALLOW)])
    held = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(
        (len(code) // 8).to_bytes(8, "little") + ctypes.addressof(held).to_bytes(8, "little"), 16
    )
    long = ctypes.c_ulong
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, long(1), long(0), long(0), long(0)))
    checked(libc.prctl(PR_SET_SECCOMP, long(2), program, long(0), long(0)))


def mount(source: str, place: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    checked(libc.mount(source.encode(), place.encode(), kind.encode(), flags, options.encode()))


def open_folders(folders: list[str]) -> None:
    """Puts an empty folder in the place of each closed one above them, and in it what is to be reached."""
    wanted = {folder: os.open(folder, os.O_PATH) for folder in map(os.path.realpath, folders) if closed_above(folder)}
    for folder in sorted(wanted):
        while closed := closed_above(folder):
            mount("none", closed, "tmpfs", 0, "mode=755")
        if not os.path.exists(folder):
            os.makedirs(folder)
            mount(f"/proc/self/fd/{wanted[folder]}", folder, flags=MS_BIND | MS_REC)
    for descriptor in wanted.values():
        os.close(descriptor)


def closed_above(folder: str) -> str | None:
    """The first of the folders on the way to this one, from the root on, that others may not pass."""
    parts = folder.split("/")[1:]
    ways = ["/" + "/".join(parts[:count]) for count in range(1, len(parts))]
    return next((way for way in ways if os.path.exists(way) and not os.stat(way).st_mode & 0o001), None)


def change_proc(how: str) -> None:
    """Another /proc: with hidepid=2, or none."""
    if how == "--hidepid":
        mount("proc", "/proc", "proc", 0, "hidepid=2")
    elif how == "--no-proc":
        mount("none", "/proc", "tmpfs", 0, "size=4k,mode=755")


def main(arguments: list[str]) -> NoReturn:
    refused: list[bytes] = []
    opened: list[str] = []
    user, proc = None, ""
    while arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--refuse":
            what, name = arguments.pop(0).split(":")
            refused += rules(what, getattr(errno, name))
        elif option == "--open":
            opened.append(arguments.pop(0))
        elif option == "--user":
            user = int(arguments.pop(0))
        else:
            proc = option
    if opened or proc:
        here = os.getcwd()
        checked(libc.unshare(CLONE_NEWNS))
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        open_folders(opened)
        change_proc(proc)
        os.chdir(here)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if refused:
        install(refused)
    os.execv(arguments[0], arguments)


main(sys.argv[1:])
