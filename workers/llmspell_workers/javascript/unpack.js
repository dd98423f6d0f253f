// Texts of values that Python hands over: JSON, or where JSON cannot say it, marked; the rules are in values.py.
(function (ll) {
  "use strict";
  const { uncurry } = ll;
  const parse = JSON.parse, quote = JSON.stringify, keysOf = Object.keys, define = Object.defineProperty;
  const slice = uncurry(String.prototype.slice), wellFormed = uncurry(String.prototype.toWellFormed);
  const Bytes = Uint8Array, fromBase64 = Uint8Array.fromBase64.bind(Uint8Array), toBigInt = BigInt;

  function restored(value) {
    if (typeof value === "string") {
      const rest = slice(value, 1);
      switch (value[0]) {
        case "s": return rest;
        case "b": return fromBase64(rest);
        case "i": return toBigInt(rest);
        default: return +rest;
      }
    }
    if (typeof value === "object" && value !== null) {
      const keys = keysOf(value);
      for (let i = 0; i < keys.length; i++) value[keys[i]] = restored(value[keys[i]]); // own data, all of it
    }
    return value;
  }

  ll.unpacked = (text) => (text[0] === "~" ? restored(parse(slice(text, 1))) : parse(text));
  // Sets a property of the adapter's own object, whatever accessors a script has planted above it.
  ll.put = (target, key, value) => define(target, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  ll.quote = (text) => quote(wellFormed(text));
  ll.Bytes = Bytes;
})
