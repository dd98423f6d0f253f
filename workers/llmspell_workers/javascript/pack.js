// Values of the script as MessagePack, written as text in which each character is a byte; what Python hands over is read
// in unpack.js.
// Rules: undefined in an object is left out, elsewhere it is nil; whole numbers up to 2^53 are integers, and so are
// BigInts; what does not fit is named with its place. What the adapter uses of the language is taken before a script
// runs: nothing that a script replaces is ever asked.
(function (ll) {
  "use strict";
  const { bind, call } = Function.prototype;
  const uncurry = bind.bind(call);
  ll.uncurry = uncurry;

  const quote = JSON.stringify, encodeUri = encodeURI, fromUri = unescape, fromBase64 = atob;
  const keysOf = Object.keys, prototypeOf = Object.getPrototypeOf, isArray = Array.isArray, isView = ArrayBuffer.isView;
  const slice = uncurry(String.prototype.slice), test = uncurry(RegExp.prototype.exec);
  const isWellFormed = uncurry(String.prototype.isWellFormed), fromCodes = String.fromCharCode;
  const getName = uncurry(WeakMap.prototype.get), setName = uncurry(WeakMap.prototype.set);
  const toBase64 = uncurry(Uint8Array.prototype.toBase64), toNumber = Number, floor = Math.floor;
  const tagOf = uncurry(Object.getOwnPropertyDescriptor(prototypeOf(Uint8Array.prototype), Symbol.toStringTag).get);
  const setFloat = uncurry(DataView.prototype.setFloat64), setBigInt = uncurry(DataView.prototype.setBigInt64);
  const plain = Object.prototype;
  const MAX_DEPTH = 48, MAX_VALUES = 262144, FRAME_VALUES = 8; // the caps of the wire
  const MAX_KEPT = 512;
  const SAFE = Number.MAX_SAFE_INTEGER, LEAST = -(2n ** 63n), MOST = 2n ** 63n - 1n, WORD = 2 ** 32;
  const IDENTIFIER = /^[A-Za-z_$][\w$]{0,99}$/;
  const NIL = "\xc0", FALSE = "\xc2", TRUE = "\xc3";
  const LIST = { few: 16, first: 0x90, one: 0, two: 0xdc, four: 0xdd }, MAP = { few: 16, first: 0x80, one: 0, two: 0xde, four: 0xdf };
  const TEXT = { few: 32, first: 0xa0, one: 0xd9, two: 0xda, four: 0xdb }, BINARY = { few: 0, first: 0, one: 0xc4, two: 0xc5, four: 0xc6 };
  const BYTE = []; // the character of each byte
  for (let i = 0; i < 256; i++) BYTE[i] = fromCodes(i);
  const eight = new DataView(new ArrayBuffer(8)), octets = new Uint8Array(eight.buffer);
  const names = new WeakMap(); // objects that travel as their name

  const kinds = [
    [Error.prototype, "an Error"], [Map.prototype, "a Map"], [Set.prototype, "a Set"], [Date.prototype, "a Date"],
    [Promise.prototype, "a promise (await it)"], [RegExp.prototype, "a RegExp"], [ArrayBuffer.prototype, "an ArrayBuffer"],
    [WeakMap.prototype, "a WeakMap"], [WeakSet.prototype, "a WeakSet"], [DataView.prototype, "a DataView"],
    [String.prototype, "a String object"], [Number.prototype, "a Number object"], [Boolean.prototype, "a Boolean object"],
    [BigInt.prototype, "a BigInt object"], [Symbol.prototype, "a Symbol object"], [WeakRef.prototype, "a WeakRef"],
    [SharedArrayBuffer.prototype, "a SharedArrayBuffer"], [Iterator.prototype, "an iterator (spread it into a list)"],
    [prototypeOf(prototypeOf((async function* () {}).prototype)), "an async generator (collect it first)"],
  ];

  let count = 0; // of values, in what is being packed
  let why = "", place = ""; // of what does not fit; the place is put together on the way out

  function misfit(problem) {
    why = problem;
    place = "";
    return undefined;
  }

  function tooMany(step) {
    misfit("makes over 262144 values, more than one frame holds");
    place = step;
    return undefined;
  }

  function stepOf(key) {
    return test(IDENTIFIER, key) ? "." + key : "[" + quote(slice(key, 0, 60)) + "]";
  }

  const two = (value) => BYTE[value >>> 8] + BYTE[value & 255];
  const four = (value) => BYTE[value >>> 24] + BYTE[(value >>> 16) & 255] + BYTE[(value >>> 8) & 255] + BYTE[value & 255];

  // The header of what has a length: one byte if it is less than `few`, else the length has one, two or four of its own.
  function headed(form, length) {
    if (length < form.few) return BYTE[form.first + length];
    if (length < 256 && form.one) return BYTE[form.one] + BYTE[length];
    return length < 65536 ? BYTE[form.two] + two(length) : BYTE[form.four] + four(length);
  }

  function text(value) {
    let bytes;
    try {
      bytes = encodeUri(value); // of the length that it had, if it has no more than the letters of English
      if (bytes.length !== value.length) bytes = fromUri(bytes); // UTF-8
    } catch (problem) {
      if (isWellFormed(value)) throw problem;
      return misfit("is text that is no valid Unicode (a lone surrogate)");
    }
    const length = bytes.length;
    return (length < 32 ? BYTE[0xa0 + length] : headed(TEXT, length)) + bytes;
  }

  // A whole number within 2^63, in the shortest form there is.
  function integer(value) {
    if (value >= 0) {
      if (value < 128) return BYTE[value];
      if (value < 256) return "\xcc" + BYTE[value];
      if (value < 65536) return "\xcd" + two(value);
      return value < WORD ? "\xce" + four(value) : "\xcf" + four(floor(value / WORD)) + four(value);
    }
    if (value >= -32) return BYTE[value + 256];
    if (value >= -128) return "\xd0" + BYTE[value + 256];
    if (value >= -32768) return "\xd1" + two(value + 65536);
    return value >= -WORD / 2 ? "\xd2" + four(value) : "\xd3" + four(floor(value / WORD)) + four(value);
  }

  function eightBytes() {
    let bytes = "";
    for (let i = 0; i < 8; i++) bytes += BYTE[octets[i]];
    return bytes;
  }

  function number(value) {
    if ((value | 0) === value ? value !== 0 || 1 / value > 0 : value <= SAFE && value >= -SAFE && floor(value) === value) {
      return integer(value);
    }
    setFloat(eight, 0, value);
    return "\xcb" + eightBytes();
  }

  function bigInteger(value) {
    if (value < LEAST || value > MOST) return misfit("is an integer of over 64 bits");
    if (value <= SAFE && value >= -SAFE) return integer(toNumber(value));
    setBigInt(eight, 0, value);
    return (value > 0 ? "\xcf" : "\xd3") + eightBytes();
  }

  function list(value, depth) {
    const length = value.length, room = MAX_VALUES - count;
    if (length > room) return tooMany("[" + room + "]");
    count += length;
    let bytes = headed(LIST, length);
    for (let i = 0; i < length; i++) {
      const part = write(value[i], depth + 1);
      if (part === undefined) {
        place = "[" + i + "]" + place;
        return undefined;
      }
      bytes += part;
    }
    return bytes;
  }

  let packedKeys = { __proto__: null }, kept = 0; // keys that were packed before

  function packedKey(key) {
    const bytes = text(key);
    if (key.length > 32 || bytes === undefined) return bytes;
    if (kept++ >= MAX_KEPT) {
      packedKeys = { __proto__: null };
      kept = 1;
    }
    return (packedKeys[key] = bytes);
  }

  function map(value, depth) {
    const keys = keysOf(value), length = keys.length, room = (MAX_VALUES - count) >> 1;
    if (length > room) return tooMany(stepOf(keys[room]));
    count += 2 * length;
    let bytes = "", left = length;
    for (let i = 0; i < length; i++) {
      const key = keys[i], inner = value[key];
      if (inner === undefined) {
        left--;
        continue;
      }
      const name = packedKeys[key] || packedKey(key);
      const part = name === undefined ? undefined : typeof inner === "string" ? text(inner) : write(inner, depth + 1);
      if (part === undefined) {
        place = stepOf(key) + place;
        return undefined;
      }
      bytes += name + part;
    }
    return (left < 16 ? BYTE[0x80 + left] : headed(MAP, left)) + bytes;
  }

  function view(value) {
    const tag = tagOf(value);
    if (tag !== "Uint8Array") return misfit("is a " + tag + " (bytes travel as Uint8Array)");
    const bytes = fromBase64(toBase64(value));
    return headed(BINARY, bytes.length) + bytes;
  }

  function object(value, depth) {
    const name = getName(names, value);
    if (name !== undefined) return text(name);
    if (depth > MAX_DEPTH) return misfit("is nested deeper than 48 levels, or holds itself");
    if (isArray(value)) return list(value, depth);
    if (isView(value) && tagOf(value) !== undefined) return view(value);
    for (let above = prototypeOf(value); above !== plain && above !== null; above = prototypeOf(above)) {
      for (let i = 0; i < kinds.length; i++) {
        if (kinds[i][0] === above) return misfit("is " + kinds[i][1]);
      }
    }
    return map(value, depth);
  }

  function write(value, depth) {
    switch (typeof value) {
      case "object": return value === null ? NIL : object(value, depth);
      case "string": return text(value);
      case "number": return number(value);
      case "boolean": return value ? TRUE : FALSE;
      case "undefined": return NIL;
      case "bigint": return bigInteger(value);
      case "function":
        if (getName(names, value) !== undefined) return text(getName(names, value));
        return misfit("is a function");
      default: return misfit("is a " + typeof value);
    }
  }

  // The bytes of a value, or undefined: then `ll.misfit` says what is wrong with it.
  function packed(value) {
    const counted = count; // a getter of the script may pack values of its own
    count = FRAME_VALUES + 1;
    try {
      return write(value, 1);
    } finally {
      count = counted;
    }
  }

  // A function for the bytes of a map: what is `fixed` in it, and values by their `names`; what is undefined is left out.
  function packerOf(fixed, names) {
    const keys = names.map(text), fields = keysOf(fixed), few = fields.length;
    const always = fields.map((name) => text(name) + packed(fixed[name])).join("");
    return (given) => {
      const counted = count;
      count = FRAME_VALUES + 1 + 2 * (few + keys.length);
      try {
        let bytes = always, length = few;
        for (let i = 0; i < keys.length; i++) {
          const value = given[i];
          if (value === undefined) continue;
          const part = write(value, 2);
          if (part === undefined) {
            place = names[i] + place;
            return undefined;
          }
          bytes += keys[i] + part;
          length++;
        }
        return headed(MAP, length) + bytes;
      } finally {
        count = counted;
      }
    };
  }

  ll.packed = packed;
  ll.packerOf = packerOf;
  ll.NIL = NIL;
  ll.atTop = () => place === ""; // whether what does not fit is the value itself
  ll.misfit = (name) => (name + place === "" ? "value" : name + place) + " " + why;
  ll.setName = (object, name) => { setName(names, object, name); };
  ll.nameOf = (object) => getName(names, object);
})
