// Values of the script as the JSON text in which they cross, and back; the rules of the text are in values.py.
// Rules: undefined in an object is left out, elsewhere it is null; whole numbers up to 2^53 are integers, and so are
// BigInts; what does not fit is named with its place. What the adapter uses of the language is taken before a script
// runs: nothing that a script replaces is ever asked.
(function (ll) {
  "use strict";
  const { bind, call } = Function.prototype;
  const uncurry = bind.bind(call);
  ll.uncurry = uncurry;
  ll.errorOf = Error;
  ll.setLimit = uncurry(Object.getOwnPropertyDescriptor(Error, "stackTraceLimit").set);
  ll.setPrepare = uncurry(Object.getOwnPropertyDescriptor(Error, "prepareStackTrace").set);
  ll.stackOf = uncurry(Object.getOwnPropertyDescriptor(Error.prototype, "stack").get);
  ll.setLimit(Error, 32);
  delete Error.stackTraceLimit; // a script must not see, or steer, how the adapter's own errors are made
  delete Error.prepareStackTrace;

  const quote = JSON.stringify, parse = JSON.parse;
  const keysOf = Object.keys, prototypeOf = Object.getPrototypeOf, isArray = Array.isArray;
  const slice = uncurry(String.prototype.slice), indexOf = uncurry(String.prototype.indexOf);
  const test = uncurry(RegExp.prototype.exec), wellFormed = uncurry(String.prototype.toWellFormed);
  const getName = uncurry(WeakMap.prototype.get), setName = uncurry(WeakMap.prototype.set);
  const toBase64 = uncurry(Uint8Array.prototype.toBase64);
  const Bytes = Uint8Array, fromBase64 = Uint8Array.fromBase64.bind(Uint8Array);
  const tagOf = uncurry(Object.getOwnPropertyDescriptor(prototypeOf(Uint8Array.prototype), Symbol.toStringTag).get);
  const toBigInt = BigInt;
  const plain = Object.prototype;
  const MAX_DEPTH = 48, MAX_VALUES = 262144, FRAME_VALUES = 8; // the caps of the wire
  const MAX_KEPT = 512;
  const SAFE = Number.MAX_SAFE_INTEGER, LEAST = -(2n ** 63n), MOST = 2n ** 63n - 1n;
  const IDENTIFIER = /^[A-Za-z_$][\w$]{0,99}$/;
  const names = new WeakMap(); // objects that travel as their name

  const kinds = [
    [Error.prototype, "an Error"], [Map.prototype, "a Map"], [Set.prototype, "a Set"], [Date.prototype, "a Date"],
    [Promise.prototype, "a promise (await it)"], [RegExp.prototype, "a RegExp"], [ArrayBuffer.prototype, "an ArrayBuffer"],
    [WeakMap.prototype, "a WeakMap"], [WeakSet.prototype, "a WeakSet"], [DataView.prototype, "a DataView"],
    [String.prototype, "a String object"], [Number.prototype, "a Number object"], [Boolean.prototype, "a Boolean object"],
  ];

  let count = 0, tagging = false, odd = false;
  let why = "", place = ""; // of what does not fit; the place is put together on the way out

  function misfit(problem) {
    why = problem;
    place = "";
    return undefined;
  }

  function stepOf(key) {
    return test(IDENTIFIER, key) ? "." + key : "[" + quote(slice(key, 0, 60)) + "]";
  }

  function number(value) {
    if (value - value !== 0) return "" + value; // NaN, Infinity: Python reads both
    if (value === 0 && 1 / value < 0) return "-0.0";
    if (value <= SAFE && value >= -SAFE) return "" + value;
    const text = "" + value;
    return indexOf(text, "e") < 0 ? text + ".0" : text; // a float, however whole
  }

  function list(value, depth) {
    const length = value.length;
    let text = "[";
    for (let i = 0; i < length; i++) {
      const part = write(value[i], depth + 1);
      if (part === undefined) {
        place = "[" + i + "]" + place;
        return undefined;
      }
      text += i > 0 ? "," + part : part;
    }
    return text + "]";
  }

  let quoted = { __proto__: null }, kept = 0; // keys that were packed before

  function quotedKey(key) {
    const text = quote(key);
    if (key.length > 32) return text;
    if (kept++ >= MAX_KEPT) {
      quoted = { __proto__: null };
      kept = 1;
    }
    return (quoted[key] = text);
  }

  function map(value, depth) {
    const keys = keysOf(value), length = keys.length;
    let text = "{";
    for (let i = 0; i < length; i++) {
      const key = keys[i], inner = value[key];
      if (inner === undefined) continue;
      const part = ++count > MAX_VALUES ? tooMany() : write(inner, depth + 1);
      if (part === undefined) {
        place = stepOf(key) + place;
        return undefined;
      }
      text += (text.length > 1 ? "," : "") + (quoted[key] || quotedKey(key)) + ":" + part;
    }
    return text + "}";
  }

  function tooMany() {
    return misfit("makes over 262144 values, more than one frame holds");
  }

  function object(value, depth) {
    const name = getName(names, value);
    if (name !== undefined) return text(name);
    if (depth > MAX_DEPTH) return misfit("is nested deeper than 48 levels, or holds itself");
    if (isArray(value)) return list(value, depth);
    const tag = tagOf(value);
    if (tag === "Uint8Array") {
      odd = true;
      return tagging ? '"b' + toBase64(value) + '"' : "null";
    }
    if (tag !== undefined) return misfit("is a " + tag + " (bytes travel as Uint8Array)");
    for (let above = prototypeOf(value); above !== plain && above !== null; above = prototypeOf(above)) {
      for (let i = 0; i < kinds.length; i++) {
        if (kinds[i][0] === above) return misfit("is " + kinds[i][1]);
      }
    }
    return map(value, depth);
  }

  function text(value) {
    return quote(tagging ? "s" + value : value);
  }

  function write(value, depth) {
    if (++count > MAX_VALUES) return tooMany();
    switch (typeof value) {
      case "string": return text(value);
      case "number": return number(value);
      case "boolean": return value ? "true" : "false";
      case "undefined": return "null";
      case "bigint":
        if (value < LEAST || value > MOST) return misfit("is an integer of over 64 bits");
        return "" + value;
      case "object": return value === null ? "null" : object(value, depth);
      case "function":
        if (getName(names, value) !== undefined) return text(getName(names, value));
        return misfit("is a function");
      default: return misfit("is a " + typeof value);
    }
  }

  // The text of a value, or undefined: then `ll.misfit` says what is wrong with it.
  function packed(value, depth) {
    const counted = count, tagged = tagging, wasOdd = odd; // a getter of the script may pack values of its own
    let result;
    try {
      count = FRAME_VALUES;
      tagging = odd = false;
      result = write(value, depth);
      if (odd && result !== undefined) {
        count = FRAME_VALUES;
        tagging = true;
        result = write(value, depth);
        if (result !== undefined) result = "~" + result;
      }
    } finally {
      count = counted;
      tagging = tagged;
      odd = wasOdd;
    }
    return result;
  }

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

  ll.packed = packed;
  const define = Object.defineProperty;
  // Sets a property of the adapter's own object, whatever accessors a script has planted above it.
  ll.put = (target, key, value) => define(target, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  ll.atTop = () => place === ""; // whether what does not fit is the value itself
  ll.misfit = (name) => (name + place === "" ? "value" : name + place) + " " + why;
  ll.unpacked = (text) => (text[0] === "~" ? restored(parse(slice(text, 1))) : parse(text));
  ll.setName = (object, name) => { setName(names, object, name); };
  ll.nameOf = (object) => getName(names, object);
  ll.quote = (text) => quote(wellFormed(text));
  ll.Bytes = Bytes;
})
