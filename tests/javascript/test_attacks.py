"""Scripts that replace what the language is made of: the adapter has taken what it uses before, and is not fooled."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell import Verdict
from tests.javascript.spells import spell, value

SPOILED = {
    "prototypes-with-accessors": """
        for (const proto of [Object.prototype, Array.prototype, Function.prototype, Promise.prototype,
            String.prototype])
          for (const key of ["0", "1", "then", "kind", "message", "toJSON", "text", "stream", "done", "get", "set",
              "call", "apply", "bind", "slice", "push", "indexOf", "resolve", "reject", "finish", "next",
              "error"])
            try { if (!(proto === Promise.prototype && key === "then"))
              Object.defineProperty(proto, key, {
                get() { return undefined }, set(v) { globalThis.stolen = v }, configurable: true,
              }) } catch {}
        """,
    "globals-replaced": """
        const no = () => { throw new Error("spoiled") };
        for (const name of ["JSON", "Promise", "Array", "Object", "String", "Error", "Map", "WeakMap", "WeakSet",
            "Reflect", "Symbol", "Number", "BigInt", "Uint8Array", "RegExp", "Date", "Math", "InternalError",
            "parseInt", "encodeURIComponent"])
          globalThis[name] = no;
        """,
    "functions-replaced": """
        const no = () => { throw new Error("spoiled") }, namesOf = Object.getOwnPropertyNames;
        for (const owner of [JSON, Object, Array, Reflect, Number, Error, BigInt, String.prototype, Array.prototype,
            RegExp.prototype, Function.prototype, WeakMap.prototype, WeakSet.prototype, Map.prototype,
            Uint8Array.prototype, Uint8Array,
            Object.getPrototypeOf(Uint8Array.prototype), Object.getPrototypeOf(Uint8Array), Error.prototype])
          for (const key of namesOf(owner))
            if (key !== "prototype" && key !== "constructor") try { owner[key] = no } catch {}
        """,
    "iterators-replaced": """
        Array.prototype[Symbol.iterator] = function* () { yield "spoiled" };
        String.prototype[Symbol.iterator] = Array.prototype[Symbol.iterator];
        Object.prototype[Symbol.toPrimitive] = () => "spoiled";
        """,
    "json-hooks": """
        for (const {prototype} of [Object, Array, String, Number]) prototype.toJSON = () => "spoiled";
        BigInt.prototype.toJSON = () => "spoiled";
        """,
}


def give(value: Any) -> Any:
    return value


def fail() -> None:
    raise ValueError("spilt")


@pytest.mark.parametrize("name", SPOILED)
def test_calls_values_and_errors_are_whole_whatever_is_spoiled(name: str) -> None:
    source = (
        "const bytes = new Uint8Array([1, 255]);"
        + SPOILED[name]
        + """
        let caught;
        const given = {text: "a", list: [1, 2.5, null], deep: {x: true}, great: 2n ** 60n, bytes};
        const back = await Tool.execute("give", {value: given});
        try { await Tool.execute("fail") } catch (e) { caught = e }
        print("printed", 1);
        ({back, kind: caught.kind, own: {list: [3]}})"""
    )
    outcome = spell(source, give, fail)
    assert outcome.verdict is Verdict.OK, outcome.error
    given = {"text": "a", "list": [1, 2.5, None], "deep": {"x": True}, "great": 2**60, "bytes": b"\x01\xff"}
    assert outcome.value == {"back": given, "kind": "tool", "own": {"list": [3]}}
    assert outcome.stdout == b"printed 1\n"


@pytest.mark.parametrize("name", SPOILED)
def test_an_error_that_nobody_catches_is_told_whatever_is_spoiled(name: str) -> None:
    outcome = spell(SPOILED[name] + "\nawait Tool.execute('fail')", fail)
    assert (outcome.verdict, outcome.error and outcome.error.kind) == (Verdict.ERROR, "tool")
    assert outcome.error is not None
    assert outcome.error.line == SPOILED[name].count("\n") + 2


def test_no_function_of_the_adapter_can_be_reached_by_stacks_or_callers() -> None:
    source = """
        Error.prepareStackTrace = (error, sites) => { globalThis.sites = sites };
        Error.stackTraceLimit = 0;
        const {stack} = new Error("x");
        await Tool.execute("fail").catch(() => {});
        [typeof sites, typeof stack, typeof ring, typeof ll]"""
    assert value(source, fail) == ["undefined", "string", "undefined", "undefined"]


def test_getters_proxies_and_packing_again_in_the_middle_are_packed_once_each() -> None:
    source = """
        let count = 0;
        const tricky = {
          get a() { Tool.execute("give", {value: {deep: [1, 2, 3]}}); return ++count },
          b: new Proxy({x: 1}, {get: (t, k) => t[k]}), c: new Proxy([1, 2], {}),
        };
        [await Tool.execute("give", {value: tricky}), count]"""
    assert value(source, give) == [{"a": 1, "b": {"x": 1}, "c": [1, 2]}, 1]


def test_a_getter_that_throws_is_the_scripts_own_error_and_leaves_the_adapter_whole() -> None:
    source = """
        const kinds = [];
        const mine = () => { throw new Error("mine") };
        for (const bad of [{get a() { mine() }}, new Proxy({}, {ownKeys: mine})])
          try { await Tool.execute("give", {value: bad}) } catch (e) { kinds.push(e.message) }
        [kinds, await Tool.execute("give", {value: [1]})]"""
    assert value(source, give) == [["mine", "mine"], [1]]


def test_an_array_that_lies_of_its_length_is_bounded() -> None:
    source = """
        try { await Tool.execute("give", {value: new Proxy([], {get: (t, k) => k === "length" ? 1e9 : 0})}) }
        catch (e) { e.kind }"""
    assert value(source, give) == "validation"


def test_names_of_objects_reach_no_prototype() -> None:
    source = """
        const value = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}');
        const back = await Tool.execute("give", {value});
        [{}.polluted === undefined, Object.keys(back), back.constructor]"""
    assert value(source, give) == [True, ["__proto__", "constructor"], 2]


def test_a_host_function_is_given_no_way_to_other_capabilities() -> None:
    source = """
        const seen = new Set(), found = [];
        const walk = (o, path) => {
          if (typeof o !== "object" && typeof o !== "function") return;
          if (o === null || seen.has(o) || path.length > 60) return;
          seen.add(o);
          let keys; try { keys = Reflect.ownKeys(o) } catch { return }
          for (const k of keys) { let d; try { d = Reflect.getOwnPropertyDescriptor(o, k) } catch { continue }
            for (const v of [d?.value, d?.get, d?.set]) walk(v, path + "." + String(k));
            if (String(k) === "ring" || String(k) === "mail") found.push(path) }
          try { walk(Object.getPrototypeOf(o), path + ".__proto__") } catch {}
        };
        walk(globalThis, ""); found"""
    assert value(source) == []


PARSER_BOMBS = {
    "brackets": "eval('['.repeat(200000))",
    "parentheses": "eval('('.repeat(200000))",
    "unary": "eval('!'.repeat(200000) + '1')",
    "templates": "eval('`${'.repeat(50000))",
    "functions": "eval('function f(){'.repeat(20000))",
    "arrows": "eval('a=>'.repeat(50000) + '1')",
    "operators": "eval('1' + '+1'.repeat(300000))",
    "commas": "eval('[' + ','.repeat(500000) + ']').length",
    "patterns": "new RegExp('(?:'.repeat(100000))",
    "classes of patterns": "new RegExp('[' + '\\\\u{1F600}-\\\\u{1F64F}'.repeat(20000) + ']', 'v')",
    "json": "JSON.parse('['.repeat(500000))",
    "spread": "Math.max(...Array(500000).fill(1))",
    "apply": "String.fromCharCode.apply(null, Array(300000).fill(65)).length",
}


@pytest.mark.parametrize("name", PARSER_BOMBS)
def test_a_bomb_for_the_parser_is_an_error_of_the_script(name: str) -> None:
    outcome = spell(PARSER_BOMBS[name])
    assert outcome.verdict in (Verdict.ERROR, Verdict.OK, Verdict.LIMIT), outcome.error
    if outcome.verdict is Verdict.ERROR:
        assert outcome.error is not None
        assert outcome.error.kind == "runtime"
