"""`console`, `print`, `stdin`, arguments, the environment, and text as bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell import Verdict, default_policy
from tests.javascript.spells import error, spell, value


def test_console_writes_each_kind_of_value_to_its_stream() -> None:
    outcome = spell(r"""
        console.log("text", 1, -0, 2n, null, undefined, true, Symbol("s"), () => 1, function named() {}, class Tea {});
        console.log({a: [1, "x"], "two words": {}}, [], new Map([["k", 1]]), new Set([1]), /x/g, new Uint8Array(2));
        console.log("%s is %d years, %o %%", "Ada", 36, {x: 1}, "more");
        const circle = {}; circle.self = circle;
        console.log(circle, {a: {b: {c: {d: {e: 1}}}}}, {get x() { return 1 }});
        console.warn("warned"); console.error("failed"); console.assert(false, "not so");
        console.group("group"); console.log("two\nlines"); console.groupEnd(); console.count(); console.count();
        print("a", "b", {c: 1});
    """)
    assert outcome.error is None
    assert outcome.stdout.decode() == (
        "text 1 -0 2n null undefined true Symbol(s) [Function] [Function: named] [class Tea]\n"
        '{ a: [ 1, "x" ], "two words": {} } [] Map(1) { "k" => 1 } Set(1) { 1 } /x/g Uint8Array(2) [ 0, 0 ]\n'
        "Ada is 36 years, { x: 1 } % more\n{ self: [Circular] } { a: { b: { c: { d: [Object] } } } } { x: [Getter] }\n"
        "group\n  two\n  lines\ndefault: 1\ndefault: 2\na b { c: 1 }\n"
    )
    assert outcome.stderr == b"warned\nfailed\nAssertion failed: not so\n"


def test_console_shows_the_holes_of_a_list_and_how_much_it_left_out() -> None:
    outcome = spell("console.log([1, , 3], [, ], new Array(1e6)); console.log(new Array(300).fill(0))")
    holes, long = outcome.stdout.decode().splitlines()
    assert holes == "[ 1, <1 empty>, 3 ] [ <1 empty> ] [ <1000000 empty> ]"
    assert long == f"[ {'0, ' * 100}... 200 more ]"


def test_console_tells_what_kind_of_object_it_is() -> None:
    outcome = spell(r"""
        class Tea { cups = 2; static get price() { return 1 } }
        class Green extends Tea {}
        console.log(new Tea(), new Green(), Green, [class {}], Object.create(null), Object.create({up: 1}));
        console.log(async () => 1, function* gen() {}, Object.assign(() => 1, {a: 1}), Map, {set x(v) {}});
        console.log(new Date(NaN), new String("s"), new Number(-0), new ArrayBuffer(2), new WeakMap(), Math);
        console.log("%j %c|", {a: 1}, "color: red"); console.count(); console.countReset(); console.count();
        console.groupCollapsed("in"); console.log(1); console.groupEnd();
        const sly = Object.create({get constructor() { throw 1 }, get [Symbol.toStringTag]() { throw 2 }});
        console.log(sly, new Error("out", {cause: 5}).cause);
    """)
    assert outcome.error is None
    assert outcome.stdout.decode().splitlines() == [
        "Tea { cups: 2 } Green { cups: 2 } [class Green extends Tea] [ [class] ] [Object: null prototype] {} {}",
        "[AsyncFunction] [GeneratorFunction: gen] [Function] { a: 1 } [Function: Map] { x: [Setter] }",
        'Invalid Date [String: "s"] [Number: -0] ArrayBuffer { byteLength: 2 } WeakMap {} Object [Math] {}',
        '{"a":1} |', "default: 1", "default: 1", "in", "  1", "{} 5",
    ]  # fmt: skip


def test_timers_call_back_and_a_cleared_one_holds_no_run() -> None:
    source = """
        const seen = [];
        const interval = setInterval((by) => { seen.push(by); if (seen[2]) clearInterval(interval); }, 1, "tick");
        const never = setTimeout(() => seen.push("never"), 3_600_000);
        await new Promise((done) => setTimeout(done, 30));
        clearTimeout(never); clearTimeout(never); clearTimeout(undefined);
        setImmediate(() => console.log("soon")); setTimeout(() => console.log("late", seen.length), 5);
        seen"""
    outcome = spell(source)
    assert (outcome.verdict, outcome.value) == (Verdict.OK, ["tick", "tick", "tick"])
    assert outcome.stdout == b"soon\nlate 3\n"


def test_more_timers_than_calls_may_be_open_all_ring() -> None:
    source = "let n = 0; const some = []; for (let i = 0; i < 600; i++) some.push(setTimeout(() => n++, 1));"
    assert value(source + "some.slice(500).forEach(clearTimeout); await sleep(0.2); n") == 500


def test_an_error_in_a_timer_ends_the_run_and_what_is_no_function_is_told_at_once() -> None:
    kind, message, line = error("setTimeout(() => {\n  null.x\n});")
    assert (kind, line) == ("runtime", 2)
    assert "cannot read property" in message
    assert "setTimeout needs a function" in error("setTimeout('code')")[1]


def test_output_is_utf_8_whatever_the_text_is() -> None:
    assert spell(r"console.log('a\0b\ud800é\u{1F600}')").stdout == "a\0b\ufffdé\U0001f600\n".encode()


def test_an_object_that_cannot_be_shown_does_not_stop_the_script() -> None:
    source = """
        const no = () => { throw 1 };
        console.log(new Proxy({}, {ownKeys: no}), Object.defineProperty(new Error("m"), "name", {get: no}))"""
    assert spell(source).stdout == b"[an object that cannot be shown] [an object that cannot be shown]\n"


def test_stdin_is_read_by_lines_whole_and_by_for_await() -> None:
    def read(source: str, text: bytes) -> object:
        rest = bytearray(text)
        return value(source, stdin=lambda size: _take(rest, size))

    assert read("[await stdin.readLine(), await stdin.read(), await stdin.readLine()]", "é\r\nb\nc".encode()) == [
        "é",
        "b\nc",
        None,
    ]
    assert read("const all = []; for await (const line of stdin) all.push(line); all", b"1\n\n3\n") == ["1", "", "3"]
    assert read("await Promise.all([stdin.readLine(), stdin.readLine()])", b"a\nb\n") == ["a", "b"]
    assert read("(await stdin.readBytes()).length", b"\xff\0\n") == 3


def _take(rest: bytearray, size: int) -> bytes:
    size = min(size, 3)
    taken = bytes(rest[:size])
    del rest[:size]
    return taken


def test_arguments_are_data() -> None:
    given = ("tea", "--cups", "3", "é", "--hot", "--__proto__=x", "--length=9", "--1=y", "--7=z")
    source = "[ARGS[0], ARGS.length, ARGS.slice(1), ARGS.cups, ARGS.hot, ARGS.__proto__, arg === ARGS]"
    got = value(source, arguments=given)
    assert got == ["spell.js", 3, ["tea", "é"], "3", "true", "x", True]
    words = ["--cups=3", "--hot", "--__proto__=x", "--length=9", "--1=y", "--7=z"]
    found = value("process.argv", arguments=given)
    assert (found[:4], sorted(found[4:])) == (["llmspell", "spell.js", "tea", "é"], sorted(words))


def test_the_environment_is_what_was_granted_and_cannot_be_changed() -> None:
    policy = default_policy()._replace(environment={"GRANTED": "yes"})
    source = "try { process.env.X = 1 } catch {} [process.env.GRANTED, process.env.X, process.env.HOME]"
    assert value(source, policy=policy) == ["yes", None, None]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=8, max_size=8))
def test_bytes_become_text_as_everywhere(samples: list[bytes]) -> None:
    source = """
        const d = new TextDecoder(), e = new TextEncoder();
        (await Tool.execute("give")).map((b) => [d.decode(b), e.encode(d.decode(b))])"""
    for sample, (text, again) in zip(samples, value(source, make_giver(samples)), strict=True):
        wanted = sample.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        assert (text, again) == (wanted, wanted.encode())


def make_giver(samples: list[bytes]) -> Callable[[], Any]:
    def give() -> Any:
        return samples

    return give
