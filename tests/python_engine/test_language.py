"""The language and its library, in a process that opens nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmspell import Limits, ScriptRuntime, Verdict, default_policy
from tests.python_engine.checking import session
from tests.python_engine.spells import error, spell, value

NEEDS_THE_MACHINE = {
    "_ctypes_test", "antigravity", "audioop", "cProfile", "cgitb", "crypt", "curses", "idlelib", "lib2to3",
    "msilib", "msvcrt", "nis", "nt", "ossaudiodev", "pty", "readline", "resource", "spwd", "sqlite3", "ssl", "syslog",
    "termios", "this", "tkinter", "tty", "turtle", "turtledemo", "winreg", "winsound", "_scproxy", "dbm", "ensurepip",
    "venv", "posixshmem", "pyrepl", "_pyrepl", "pydoc",
}  # fmt: skip
"""What is not there: it needs files, the network, terminals, processes, or a large library of the system."""


def test_the_library_imports_but_for_what_needs_the_machine() -> None:
    names = sorted(
        name for name in sys.stdlib_module_names if not name.startswith("_") and name not in NEEDS_THE_MACHINE
    )
    source = f"""
    missing = {{}}
    for name in {names!r}:
        try:
            __import__(name)
        except BaseException as error:
            missing[name] = str(error)
    missing
    """
    assert value(source, limits=Limits(memory=200 << 20, cpu=30, wall=90)) == {}
    assert len(names) > 150


def test_what_needs_libraries_of_the_system_works_though_no_file_is_there() -> None:
    source = """
    import bz2, datetime, decimal, hashlib, lzma, random, re, statistics, unicodedata, uuid, zlib
    data = b"spell" * 100
    [
        bz2.decompress(bz2.compress(data)) == data, lzma.decompress(lzma.compress(data, preset=0)) == data,
        zlib.decompress(zlib.compress(data)) == data,
        hashlib.sha256(b"").hexdigest()[:8], str(decimal.Decimal("0.1") * 3), re.sub("(a)(b)", r"\\2\\1", "ab"),
        unicodedata.name("\u00e9"), len(str(uuid.uuid4())), 0 <= random.random() < 1,
        datetime.date(2024, 2, 29).isoformat(), statistics.mean([1, 2, 3]),
    ]
    """
    wanted = [True, True, True, "e3b0c442", "0.3", "ba", "LATIN SMALL LETTER E WITH ACUTE", 36, True, "2024-02-29", 2]
    assert value(source) == wanted


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import sqlite3", "this part of the standard library is not there for scripts"),
        ("open('/etc/passwd')", "a script opens no files; use Tool.execute('file-operations', {...})"),
        ("import pathlib; pathlib.Path('x').read_text()", "a script opens no files"),
        ("import threading; threading.Thread(target=print).start()", "a script starts no threads; use parallel"),
        ("import os; os.system('id')", "a script starts no processes; a tool that the host gives it may"),
        ("import subprocess; subprocess.run(['id'])", "a script starts no processes"),
        ("import asyncio; await asyncio.create_subprocess_exec('id')", "a script starts no processes"),
        ("import socket; socket.socket()", "a script has no network; models are asked with Agent"),
        ("import urllib.request; urllib.request.urlopen('https://example.com')", "a script has no network"),
        ("import os; os.listdir('/')", "a script opens no files"),
        ("import pathlib; pathlib.Path('x').exists()", "a script opens no files; use Tool.execute"),
    ],
    ids=[
        "no-sqlite",
        "open",
        "path",
        "thread",
        "system",
        "subprocess",
        "asyncio",
        "socket",
        "https",
        "listdir",
        "exists",
    ],
)
def test_what_is_refused_says_what_to_do(source: str, says: str) -> None:
    assert says in error(source)[1]


def test_a_script_seems_to_lie_in_a_folder_so_that_paths_can_be_made() -> None:
    source = """
    import os, pathlib
    here = os.path.dirname(os.path.abspath(__file__))
    [os.getcwd(), here, str(pathlib.Path(__file__).resolve()), os.path.exists(os.path.join(here, "x")), __name__]
    """
    assert value(source) == ["/", "/", "/spell.py", False, "__main__"]


def test_what_a_script_prints_of_an_error_shows_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def fail():\n    raise KeyError('é')  # here\n")
    source = """
    import inspect, traceback, helper
    try:
        helper.fail()
    except KeyError:
        shown = traceback.format_exc()
    def seven(): return 7
    try:
        Tool.execute("calculator", input="1+")
    except ValidationError as problem:
        name = repr(type(problem))
    [shown, inspect.getsource(seven), inspect.getsource(helper.fail), name]
    """
    shown, own, other, name = value(source, folder=tmp_path)
    assert '  File "spell.py", line 4, in <module>\n    helper.fail()\n' in shown
    assert "    raise KeyError('é')  # here\n" in shown
    assert own == "def seven(): return 7\n"
    assert other == "def fail():\n    raise KeyError('é')  # here\n"
    assert name == "<class 'llmspell.ValidationError'>"


def test_the_default_loop_is_ours_however_a_script_comes_by_it() -> None:
    source = """
    import asyncio
    asyncio.set_event_loop_policy(None)
    asyncio.run(asyncio.sleep(0.001, "rested"))
    """
    assert value(source) == "rested"


def test_a_package_that_is_installed_is_not_there_and_says_so(tmp_path: Path) -> None:
    source = """
    try:
        import click
    except ModuleNotFoundError as problem:
        found = str(problem)
    found
    """
    assert "installed packages are there if they are granted" in value(source, folder=tmp_path)


def test_the_last_expression_is_the_value_and_a_statement_has_none() -> None:
    assert value("x = 20\nx + 1") == 21
    assert value("x = 20") is None
    assert value("") is None
    assert value("# nothing") is None
    assert value("def f(): return 1\nf()\n\n# a comment") == 1
    assert value("#" * 300_000 + "\n5") is None  # larger than a source whose last expression is looked at


def test_print_and_stdin_are_those_of_the_run() -> None:
    outcome = spell(
        """
        import sys
        name = input("name? ")
        print("hello", name, end="")
        sys.stdout.write("!\\n")
        print("aside", file=sys.stderr)
        sys.stdout.buffer.write(b"\\xff\\n")
        rest = sys.stdin.read()
        print(repr(rest))
        """,
        stdin=_reader(b"Ada\nand\nmore"),
    )
    assert (outcome.verdict, outcome.error) == (Verdict.OK, None)
    assert outcome.stdout == b"name? hello Ada!\n\xff\n'and\\nmore'\n"
    assert outcome.stderr == b"aside\n"


def _reader(text: bytes) -> Callable[[int], bytes]:
    rest = [text]
    return lambda _size: rest.pop() if rest else b""


def test_arguments_are_those_of_a_program_and_those_of_a_spell() -> None:
    source = """
    import argparse, sys
    parser = argparse.ArgumentParser()
    parser.add_argument("place")
    parser.add_argument("--depth", type=int)
    parser.add_argument("--fast", action="store_true")
    given = parser.parse_args()
    [given.place, given.depth, given.fast, ARGS[0], ARGS[1:], ARGS.depth, ARGS["fast"], ARGS.get("none", 5),
     arg is ARGS, sys.argv[0], __name__]
    """
    assert value(source, arguments=("here", "--depth", "3", "--fast")) == [
        "here", 3, True, "spell.py", ["here"], "3", "true", 5, True, "spell.py", "__main__",
    ]  # fmt: skip


def test_an_argument_may_have_the_name_of_what_a_list_can_do() -> None:
    source = "[ARGS.count, ARGS['index'], ARGS.named, ARGS.get('count'), list(ARGS), hasattr(ARGS, 'nope')]"
    assert value(source, arguments=("tea", "--count", "3", "--index=4", "--named=x")) == [
        "3", "4", "x", "3", ["spell.py", "tea"], False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("exit()", 0),
        ("import sys; sys.exit(3)", 3),
        ("raise SystemExit(256)", 255),
        ("quit('why')", 1),
        ("exit(-1)", 255),
    ],
    ids=["none", "three", "wraps", "text", "negative"],
)
def test_the_script_ends_itself_with_a_code(source: str, status: int) -> None:
    outcome = spell("print('before')\ntry:\n    " + source + "\nexcept ValueError:\n    pass\nprint('after')")
    assert (outcome.exit_status, outcome.stdout) == (status, b"before\n")


def test_granted_environment_is_all_there_is() -> None:
    policy = default_policy()._replace(environment={"GRANTED": "yes"})
    outcome = ScriptRuntime.with_engine("python", policy=policy).execute("import os\ndict(os.environ)", name="spell.py")
    assert outcome.value == {"GRANTED": "yes"}


def test_sets_and_hashes_have_the_same_order_in_every_run() -> None:
    source = "[list({'a', 'b', 'c', 'd', 'e', 'f'}), hash('spell')]"
    assert value(source) == value(source)


def test_a_check_runs_nothing() -> None:
    with session() as worker:
        fine, broken = worker.run(b"print(1)", "check"), worker.run(b"print(1)\ndef", "check")
    assert (fine.verdict, broken.verdict, worker.printed) == (Verdict.OK, Verdict.ERROR, b"")
    assert broken.error is not None
    assert (broken.error.kind, broken.error.line, broken.error.column) == ("syntax", 2, 4)


def test_names_stay_between_the_runs_of_a_session() -> None:
    with session() as worker:
        ends = [worker.run(source).value for source in (b"x = 41", b"import math, json\nx += 1", b"math.floor(x)")]
    assert ends == [None, None, 42]
