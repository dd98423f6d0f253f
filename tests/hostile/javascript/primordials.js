// title: everything that the language is made of is replaced before the first call
// threat: T-LANG-3
// verdict: ok
// stdout: caught not_found\n
const { getOwnPropertyNames: namesOf } = Object;
const spoiled = () => { throw new Error("spoiled"); };
const own = [JSON, Object, Array, Reflect, Number, Error, String, RegExp, Array.prototype, String.prototype, Function.prototype,
  WeakMap.prototype, WeakSet.prototype, Map.prototype, Error.prototype, Uint8Array.prototype];
for (const owner of own) for (const key of namesOf(owner)) if (key !== "prototype" && key !== "constructor") try { owner[key] = spoiled; } catch {}
for (const key of ["0", "1", "kind", "get", "set", "text", "resolve", "finish"]) Object.prototype[key] = "spoiled";
try { await Tool.execute("no-such-tool", { a: [1, "b"] }); } catch (e) { console.log("caught", e.kind); }
