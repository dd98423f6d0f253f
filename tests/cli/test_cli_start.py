"""The start of a plain run: what it may not load, and that the quick reader of words and click agree."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llmspell
from llmspell.cli.choices import Choices
from llmspell.cli.entry import _MEMORY, Prestarted
from llmspell.cli.options import OPTIONS
from llmspell.cli.run import exec_, run, sandbox
from llmspell.cli.words import read_words
from llmspell.limits import Limits
from tests.cli.programs import Place

NEVER = {
    "asyncio", "litellm", "rich", "click", "psutil", "threading", "json", "hashlib", "_hashlib", "difflib", "tomllib",
    "tempfile", "platform", "dataclasses", "inspect", "importlib.metadata", "subprocess", "logging",
}  # fmt: skip
"""What costs a plain run milliseconds (E16)."""
BEFORE_THE_WORKER = {"typing", "enum", "re", "signal", "collections", "functools", "llmspell.errors", "llmspell.limits"}


def loaded(place: Place, program: str) -> set[str]:
    """The modules that a program has loaded when it is over."""
    dump = f"""
import os, sys
leave = os._exit
def tell(code):
    sys.stderr.write("\\n".join(sys.modules))
    sys.stderr.flush()
    leave(code)
os._exit = tell
{program}
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{dump}"],
        cwd=place.folder, env=place.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stderr.split("\n"))


@pytest.mark.parametrize("words", [["run", "a.lua"], ["run", "--mem", "64M", "-q", "a.lua", "x"], ["exec", "print(1)"]])
def test_a_plain_run_loads_nothing_that_is_slow(place: Place, words: list[str]) -> None:
    place.write("a.lua", 'print("hi")')
    program = f"sys.argv = ['llmspell', *{words!r}]\nfrom llmspell.cli.entry import main\nmain()"
    assert loaded(place, program) & NEVER == set()


def test_the_worker_starts_before_anything_slow_is_loaded(place: Place) -> None:
    program = """
from llmspell.cli.entry import Prestarted
prestarted = Prestarted()
prestarted.start(["run", "a.lua"])
found = set(sys.modules)
prestarted.discard()
sys.stderr.write("\\n".join(found))
"""
    done = loaded(place, f"{program}\nleave(0)")
    assert "llmspell.sandbox.start" in done
    assert done & (BEFORE_THE_WORKER | NEVER) == set()


def test_the_guess_of_the_worker_is_what_a_run_without_options_wants() -> None:
    assert Limits().memory == _MEMORY
    prestarted = Prestarted()
    prestarted.start(["run", "a.lua"])
    process = prestarted.take("lua", Limits().memory)
    assert process is not None
    process.kill_and_reap()
    assert prestarted.take("lua", Limits().memory) is None


def test_the_guess_of_the_worker_heeds_the_suffix_of_the_script() -> None:
    prestarted = Prestarted()
    prestarted.start(["run", "-q", "a.py"])
    process = prestarted.take("python", Limits().memory)
    assert process is not None
    process.kill_and_reap()


@pytest.mark.parametrize(
    ("words", "memory"),
    [(["--mem", "64M"], 64 << 20), (["--mem=1G"], 1 << 30), (["--mem", "64MB"], 64_000_000), (["--mem=x"], None)],
)
def test_the_guess_heeds_the_memory_option(words: list[str], memory: int | None) -> None:
    prestarted = Prestarted()
    prestarted.start(["exec", "return 1", *words])
    process = prestarted.take("lua", memory or _MEMORY)
    assert (process is None) == (memory is None)
    if process is not None:
        process.kill_and_reap()


def test_the_values_of_a_plain_run_are_classes_that_are_cheap_to_make() -> None:
    # A named tuple's annotations are compiled one by one where they are text: 0.2 ms a field instead of 0.02.
    package = Path(llmspell.__file__).parent
    program = """
import sys, llmspell.cli.script
print(*(module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)), sep="\\n")
"""
    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for name in listed.stdout.split():
        if Path(name).is_relative_to(package):
            tree = ast.parse(Path(name).read_text())
            futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
            bases = [ast.unparse(base) for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases]
            assert not ("NamedTuple" in bases and futures), name


def by_click(words: list[str]) -> tuple[list[str], Choices] | None:
    """What click reads, or None if it has to say something."""
    try:
        context = run.make_context("run", list(words))
    except (click.ClickException, click.exceptions.Exit):
        return None
    parameters: dict[str, Any] = dict(context.params)
    arguments = [parameters.pop("script"), *parameters.pop("arguments")]
    return arguments, Choices(**parameters)


NAMES = [name for option in OPTIONS for names in option.names for name in names.split("/")]
VALUES = st.sampled_from(
    ["64M", "3", "0", "-1", "0.5", "text", "json", "auto", "never", "a=b", "", "lua", "1e3", "nan", "--", "-v", "50X"]
)
WORDS = st.one_of(
    st.sampled_from([*NAMES, "-vv", "-vq", "-", "--", "a.lua", "x", "--help", "-h", "--nonsense", "--me"]),
    VALUES,
    st.builds("{}={}".format, st.sampled_from(NAMES), VALUES),
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(WORDS, max_size=6))
def test_the_quick_reader_gives_what_click_gives_or_leaves_it_to_click(words: list[str]) -> None:
    quick = read_words(words)
    if quick is not None:
        assert quick == by_click(words)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.names[0])
def test_every_option_is_read_quickly_and_by_click(option: Any) -> None:
    values = {"memory": "64M", "output": "1M", "form": "json", "color": "never", "replay_mode": "loose"}
    value = values.get(option.field, "3")
    for name in option.names[0].split("/"):
        for words in ([name], [name, value], [f"{name}={value}"]):
            quick = read_words(["a.lua", *words])
            assert quick is None or quick == by_click(["a.lua", *words])
        takes_none = option.flag or option.counted
        assert read_words(["a.lua", name] if takes_none else ["a.lua", name, value]) is not None


def test_the_three_commands_have_the_options_of_the_table() -> None:
    for command in (run, exec_, sandbox):
        given_ = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert given_ - {"script", "code", "arguments"} == set(NAMES)
    assert {option.field for option in OPTIONS} == set(Choices._fields)
