"""Limits of time end a script from outside, with the line where it was; and which library the worker takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from llmspell import Limits, Verdict
from tests.javascript.spells import spell
from tests.patience import growing

LOOPS = {
    "a-loop": ("cpu", "const f = () => {\n  for (;;) Math.abs(1);\n};\nf()", 2),
    "a-regular-expression": ("cpu", "\n/^(a+)+$/.test('a'.repeat(60) + 'b')", 2),
    "a-loop-behind-an-await": ("cpu", "await sleep(0);\n\n(() => { for (;;) Math.abs(1); })()", 3),
    "a-loop-in-a-callback": ("cpu", "\n[1].map(() => { for (;;) Math.abs(1); })", 2),
    "a-call": ("wall", "const f = async () => {\n  await sleep(60);\n};\nawait f()", 2),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_limit_of_time_names_the_line(name: str) -> None:
    limit, source, line = LOOPS[name]
    for seconds in growing(0.3):  # on a busy machine it takes more to come so far, and to say it
        outcome = spell(source, limits=Limits()._replace(**{limit: seconds}))  # type: ignore[arg-type]
        assert outcome.verdict is Verdict.LIMIT, outcome.error
        assert outcome.limit is not None
        assert outcome.limit.name == limit
        if outcome.error is not None and outcome.error.line is not None:
            break
    assert outcome.error is not None
    assert outcome.error.line == line


def test_no_line_of_the_script_runs_after_it_was_asked_for() -> None:
    source = "(async () => { try { for (;;); } finally { console.log('late') } })().catch(() => console.log('late'));"
    assert spell(source, limits=Limits(cpu=0.3, wall=100)).stdout == b""


def test_another_package_with_the_same_module_is_refused_by_name() -> None:
    code = (
        "import sys, types, _ctypes\n"
        "sys.modules['_quickjs'] = other = types.ModuleType('_quickjs')\n"
        "other.__file__ = _ctypes.__file__\n"
        "from llmspell_workers.javascript.library import Library\n"
        "try: Library()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "belongs to the package quickjs, which hides quickjs-ng: pip uninstall quickjs quickjs-ng" in done.stdout
