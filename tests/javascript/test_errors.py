"""Errors: positions and tracebacks of the script only, rejections that nobody handles, whatever is thrown."""

from __future__ import annotations

import pytest

from llmspell import Verdict
from tests.javascript.spells import error, spell, value


def fail(message: str) -> None:
    raise ValueError(message)


def test_an_error_has_file_line_column_and_the_functions_on_the_way() -> None:
    outcome = spell("function pour(cup) {\n  return cup.tea.length;\n}\n\n[null].map(() => pour({}))")
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.file, outcome.error.line) == ("runtime", "spell.js", 2)
    assert outcome.error.column is not None
    assert outcome.error.message == "TypeError: cannot read property 'length' of undefined"
    assert outcome.error.traceback == (
        "spell.js:2: in function pour", "spell.js:5: in main", "spell.js:5: in main",
    )  # fmt: skip


def test_a_failed_call_has_the_place_where_it_was_made() -> None:
    outcome = spell(
        "async function ask() {\n  await sleep(0);\n  await Tool.execute('fail', {message: 'no'})\n}\nawait ask()", fail
    )
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.line) == ("tool", 3)
    assert outcome.error.traceback[0] == "spell.js:3: in function ask"


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("let a;\nlet x = ;", "unexpected token in expression: ';'", 2),
        ("export const x = 1;\nlet y = (", "unexpected token in expression: ''", 2),
        ("\n\nreturn 5", "return not in a function", 3),
        ("for (;;) {", "unexpected token", 1),
    ],
    ids=["token", "in-a-module", "return", "open-brace"],
)
def test_what_does_not_parse_has_its_line(source: str, message: str, line: int) -> None:
    kind, said, at = error(source)
    assert (kind, at) == ("syntax", line)
    assert said.startswith(message.split("'")[0])


def test_a_syntax_error_at_run_time_is_an_error_of_the_run() -> None:
    kind, message, line = error("\neval('let 5')")
    assert (kind, line) == ("runtime", 2)
    assert message.startswith("SyntaxError: ")


THROWN = {
    "text": ("throw 'gone'", "gone"),
    "a-number": ("throw 5", "the script threw 5"),
    "undefined": ("throw undefined", "the script threw undefined"),
    "an-object": ("throw {message: 'from an object'}", "from an object"),
    "a-plain-object": ("throw {code: 5}", "the script threw { code: 5 }"),
    "a-symbol": ("throw Symbol('s')", "the script threw Symbol(s)"),
    "an-error-without-text": ("throw new RangeError()", "RangeError"),
    "an-error-of-its-own": ("class Spilt extends Error { name = 'Spilt' }; throw new Spilt('tea')", "Spilt: tea"),
    "an-error-of-a-getter": (
        "throw Object.defineProperty(new Error(), 'message', {get() { throw 1 }})",
        "the error could not be described: what it is asked for fails",
    ),
    "a-proxy": (
        "throw new Proxy({}, {get() { throw 1 }})", "the error could not be described: what it is asked for fails",
    ),
    "a-long-text": ("throw 'x'.repeat(100000)", "x" * 8192 + "..."),
    "a-lone-surrogate": ("throw new Error('\\ud800')", "\ufffd"),
}  # fmt: skip


@pytest.mark.parametrize("name", THROWN)
def test_whatever_is_thrown_is_told(name: str) -> None:
    source, message = THROWN[name]
    kind, said, _ = error(source)
    assert (kind, said) == ("runtime", message)


def test_errors_of_calls_are_caught_whole() -> None:
    got = value(
        """
        try { await Tool.execute("fail", {message: "spilt"}) } catch (e) {
          [e instanceof Error, e.kind, e.message.includes("spilt"), typeof e.details, e.stack.includes("spell.js:2")]
        }""",
        fail,
    )
    assert got == [True, "tool", True, "object", True]


def test_a_refusal_that_is_not_handled_ends_as_denied_and_a_forged_one_does_not() -> None:
    assert spell("await import('./x.js')").verdict is Verdict.DENIED
    forged = spell("throw Object.assign(new Error('x'), {kind: 'denied', details: {}})")
    assert (forged.verdict, forged.error and forged.error.kind) == (Verdict.ERROR, "runtime")


def test_a_rejection_that_nobody_handles_ends_the_run_as_an_error() -> None:
    assert error("\nPromise.reject(new Error('lost')); 5") == ("runtime", "lost", 2)
    assert error("(async () => { await sleep(0.01); throw new Error('late') })(); console.log(1)")[1] == "late"
    assert error("queueMicrotask(() => { throw new Error('in a microtask') })")[1] == "in a microtask"


def test_a_rejection_that_is_handled_later_is_none() -> None:
    source = "const p = Promise.reject(new Error('x')); await sleep(0.01); try { await p } catch { 'handled' }"
    assert value(source) == "handled"


def test_a_promise_that_nothing_settles_ends_the_run() -> None:
    message = "the script waits for a promise that nothing is left to settle"
    assert error("await new Promise(() => {})") == ("runtime", message, None)


def test_calls_that_nobody_waits_for_are_finished_before_the_run_ends() -> None:
    outcome = spell("sleep(0.05).then(() => console.log('after'))")
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, b"after\n")


def test_a_stack_overflow_is_an_error_that_can_be_caught() -> None:
    assert error("(function f() { f() })()")[1] == "RangeError: Maximum call stack size exceeded"
    assert value("let n = 0; try { (function f() { n++; f() })() } catch { n > 1000 }") is True


def test_a_check_parses_and_runs_nothing() -> None:
    from llmspell.engines.bridge import Script
    from llmspell.engines.worker import WorkerBridge
    from tests.javascript.spells import runtime

    host = runtime()
    with WorkerBridge(host.engine, host.limits) as bridge:

        def check(source: bytes) -> object:
            script = Script(source, "spell.js", (), mode="check")
            return bridge.execute(script, broker=host.new_broker(), emit=lambda _s, _d: None).error

        assert check(b"import x from './not/there.js'; console.log(1); exit(3)") is None
        assert check(b"let x = ;") is not None


def test_a_name_of_another_library_is_told_with_what_there_is() -> None:
    for name, instead in {
        "require": "import {name} from './file.js'",
        "fetch": "has no network",
        "Buffer": "Uint8Array",
    }.items():
        outcome = spell(f"try {{ {name}('x') }} catch (e) {{ console.log(e.message, typeof {name}) }} {name}('x')")
        assert outcome.stdout.decode() == f"{name} is not defined undefined\n"
        assert outcome.error is not None
        assert outcome.error.message.startswith(f"ReferenceError: {name} is not defined: ")
        assert instead in outcome.error.message
    assert error("zork()")[1] == "ReferenceError: zork is not defined"


def test_causes_stand_below_the_error_that_they_led_to() -> None:
    outcome = spell("""function inner() { throw new TypeError("deep") }
        try { inner() } catch (cause) { throw new Error("outer", { cause }) }""")
    assert outcome.error is not None
    assert outcome.error.message == "outer"
    assert outcome.error.traceback[1:] == (
        "caused by TypeError: deep", "spell.js:1: in function inner", "spell.js:2: in main",
    )  # fmt: skip
    many = spell("await Promise.any([Promise.reject(new Error('a')), Promise.reject('b')])").error
    assert many is not None
    assert [row for row in many.traceback if row.startswith("caused")] == ["caused by a", "caused by b"]
    for odd in ("e.cause = e", "Object.defineProperty(e, 'cause', {get() { throw 1 }})", "e.cause = new Proxy({}, {})"):
        looped = spell(f"const e = new Error('x'); {odd}; throw e").error
        assert looped is not None
        assert looped.message == "x"
