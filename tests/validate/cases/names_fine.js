// all of this is defined, by the script or by the engine
import whole, { part as renamed, other } from "./lib/beside.js";
import * as space from "./lib/beside.js";
const { q, w: { z }, ...rest } = { q: 1, w: { z: 2 }, e: 3 };
const [first = 1, , [second]] = [1, 2, [3]];
let v; var late = hoisted();
function hoisted(x, y = x, { m } = {}, [n] = [], ...others) { return arguments.length + others.length + y + m + n; }
const arrow = async (p) => { const inner = await p; return inner; };
class Base { #secret = 1; static made = new Base(); method() { return this.#secret + super.toString(); } }
class Derived extends Base { get got() { return Derived.made; } }
for (const item of [1]) { console.log(item); }
for (let i = 0; i < 1; i++) { console.log(i); }
for (var key in rest) { console.log(key); }
label: for (;;) { break label; }
switch (v) { case 1: { let inCase = 1; console.log(inCase); } }
const named = function recursive(n) { return n ? recursive(n - 1) : 0; };
function* generator() { yield* [1]; }
if (typeof perhaps !== "undefined") console.log("there");
v = 5;
console.log(`${v}`, { v, short: 1, [key]: 2, f() { return 1; } }, q, z, first, second, late, arrow, undefined, NaN);
export const exported = [whole, renamed, other, space, Derived, named, generator];
export { exported as again };
await Promise.all([sleep(0)]).then((done) => done, (failed) => failed);
process.stdout.write("x"); console.log(ARGS[0], globalThis.anything, new Map(), JSON.stringify({}), Object.keys({}));
Array.prototype.own = 1; String.raw`x`;
export default function () { return 1; }
