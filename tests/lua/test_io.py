"""What a script prints, and what it reads from the run's stdin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.lua.spells import error, spell, value


def given(data: bytes, piece: int = 1 << 30) -> Callable[[int], bytes]:
    """A stdin that gives `data` in pieces of at most so many bytes."""
    left = bytearray(data)

    def read(size: int) -> bytes:
        taken = bytes(left[: min(size, piece)])
        del left[: len(taken)]
        return taken

    return read


def test_print_shows_values_as_lua_does() -> None:
    source = (
        r"print('a', 1, 2.0, nil, true, '\0\xff') print() print(nil) print(setmetatable({}, "
        r"{__tostring = function() return 'T' end}))"
    )
    assert spell(source).stdout == b"a\t1\t2.0\tnil\ttrue\t\0\xff\n\nnil\nT\n"


def test_print_of_what_cannot_be_shown_is_an_error_and_prints_nothing() -> None:
    outcome = spell("print('x', setmetatable({}, {__tostring = function() return {} end}))")
    assert outcome.error is not None
    assert outcome.error.message == "'__tostring' must return a string"
    assert outcome.stdout == b""


def test_io_write_of_nothing_writes_nothing() -> None:
    assert spell("io.write() io.write('a'):write() io.stdout:write()").stdout == b"a"


def test_io_write_takes_strings_and_numbers_and_chains() -> None:
    outcome = spell(
        "io.write('a', 1, 2.5):write('b'):write() io.stdout:write('c', '\\n') io.stdout.write('d') io.stdout:flush()"
    )
    assert outcome.stdout == b"a12.5bc\nd"
    assert error("io.write('a', {})")[1] == "bad argument #2 to 'write' (string expected, got table)"
    assert error("io.write(nil)")[1] == "bad argument #1 to 'write' (string expected, got nil)"


def test_warnings_go_to_stderr_once_they_are_asked_for() -> None:
    outcome = spell(
        "warn('not yet') warn('@on') warn('low ', 'on ', 1) warn('@off') warn('no more') print(pcall(warn))"
    )
    assert outcome.stderr == b"Lua warning: low on 1\n"
    assert outcome.stdout == b"false\tbad argument #1 to 'warn' (string expected, got no value)\n"


def test_stderr_is_a_stream_of_its_own() -> None:
    outcome = spell("io.stderr:write('warn') print('out') io.stderr:write('ing')")
    assert (outcome.stdout, outcome.stderr) == (b"out\n", b"warning")


def test_what_is_printed_at_once_may_be_larger_than_a_frame() -> None:
    outcome = spell("io.write(string.rep('0123456789', 600000)) print('end')")
    assert outcome.usage.output_bytes == 6_000_004
    assert outcome.stdout.startswith(b"0123456789" * 1000)


@pytest.mark.parametrize("piece", [1, 3, 7, 1 << 30])
def test_lines_come_whole_however_the_bytes_come(piece: int) -> None:
    data = b"one\n\ntwo \xff\0\n" + b"x" * 100 + b"\nlast"
    source = "local t = {} for line in io.lines() do t[#t + 1] = line end return {t, io.read() == nil, io.read('a')}"
    assert value(source, stdin=given(data, piece)) == [["one", "", b"two \xff\0", "x" * 100, "last"], True, ""]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("io.read()", ["12 -3.5 0x10 word"]),
        ("io.read('L')", ["12 -3.5 0x10 word\n"]),
        ("io.read('*l')", ["12 -3.5 0x10 word"]),
        ("io.read('n', 'n', 'n')", [12, -3.5, 16]),
        ("io.read('n', 'n', 'n', 'n', 'a')", [12, -3.5, 16, None]),
        ("io.read(5)", ["12 -3"]),
        ("io.read(5.0)", ["12 -3"]),
        ("io.read(0)", [""]),
        ("io.read('a')", ["12 -3.5 0x10 word\nsecond\nthird"]),
        ("io.read('l', 'L', 'a', 'a')", ["12 -3.5 0x10 word", "second\n", "third", ""]),
        ("io.read(1000)", ["12 -3.5 0x10 word\nsecond\nthird"]),
        ("io.stdin:read('l')", ["12 -3.5 0x10 word"]),
        ("io.stdin.read('l')", ["12 -3.5 0x10 word"]),
        ("io.stdin:lines('L')()", ["12 -3.5 0x10 word\n"]),
        ("io.lines(nil, 2)()", ["12"]),
    ],
)
@pytest.mark.parametrize("piece", [1, 1 << 30])
def test_io_read_takes_the_formats_of_lua(source: str, wanted: list[Any], piece: int) -> None:
    stdin = given(b"12 -3.5 0x10 word\nsecond\nthird", piece)
    pack = "local t = table.pack(%s) for i = 1, t.n do if t[i] == nil then t[i] = JSON.null end end t.n = nil return t"
    assert value(pack % source, stdin=stdin) == wanted


def test_reading_past_the_end_gives_nil() -> None:
    source = (
        "return {io.read() == nil, io.read('a'), io.read(1) == nil, io.read(0) == nil, io.read('n') "
        "== nil, io.read('L') == nil}"
    )
    assert value(source, stdin=given(b"")) == [True, "", True, True, True, True]


def test_a_large_stdin_is_read_line_by_line_without_holding_it() -> None:
    line = b"x" * 99 + b"\n"
    source = "local n = 0 for line in io.lines() do n = n + #line end return n"
    assert value(source, stdin=given(line * 600_000, 65536)) == 99 * 600_000


@pytest.mark.parametrize(
    "source", ["io.read('z')", "io.read({})", "io.read(-1)", "io.read(1.5)", "io.lines('/etc/passwd')"]
)
def test_what_cannot_be_read_is_an_error(source: str) -> None:
    assert error(source)[0] == "runtime"


def test_what_a_script_cannot_have_fails_as_in_lua_and_says_what_there_is() -> None:
    source = """
    return {select(2, io.open('a.txt')), select(3, os.remove('b')), os.execute(), io.type(io.stdin), io.type({}) == nil,
      io.output() == io.stdout, os.setlocale('de_DE') == nil, select(2, pcall(io.popen, 'id')),
      select(2, pcall(os.execute, 'id')), select(2, pcall(io.output, 'x'))}
    """
    files = 'a script opens no files; use Tool.execute("file-operations", {...}), which needs a grant'
    processes = "a script starts no processes; a tool that the host gives it may (FunctionTool)"
    found = value(source)
    assert found[:7] == [f"a.txt: {files}", 1, False, "file", True, True, True]
    assert [text.partition(": ")[2] or text for text in found[7:9]] == [processes, processes]
    assert found[9].endswith(f"x: {files}")
