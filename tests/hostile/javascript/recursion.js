// title: recursion by every way in which the engine calls itself
// threat: T-LANG-5
// verdict: ok
// value: 6
let caught = 0;
const deep = (make) => { try { make(); } catch (e) { if (e instanceof RangeError || e instanceof SyntaxError) caught++; } };
deep(function f() { f(); });
deep(() => { const o = { toString() { return "" + o; } }; String(o); });
deep(() => { const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x; });
deep(() => eval("[".repeat(100000)));
deep(() => JSON.parse("[".repeat(500000)));
deep(() => { let a = []; for (let i = 0; i < 50000; i++) a = [a]; JSON.stringify(a); });
caught;
