// Text for people: how a value is shown, and text as bytes of UTF-8 and back.
(function (ll) {
  "use strict";
  const { uncurry, quote, nameOf, stackOf } = ll;
  const slice = uncurry(String.prototype.slice), repeat = uncurry(String.prototype.repeat);
  const codeAt = uncurry(String.prototype.charCodeAt), fromCodes = String.fromCharCode, fromPoint = String.fromCodePoint;
  const wellFormed = uncurry(String.prototype.toWellFormed);
  const encodeUri = encodeURIComponent, parseHex = parseInt;
  const isArray = Array.isArray, isError = Error.isError, ownKeys = Reflect.ownKeys;
  const descriptorOf = Object.getOwnPropertyDescriptor, prototypeOf = Object.getPrototypeOf;
  const tagOf = uncurry(descriptorOf(prototypeOf(Uint8Array.prototype), Symbol.toStringTag).get);
  const lengthOf = uncurry(descriptorOf(prototypeOf(Uint8Array.prototype), "length").get);
  const isoOf = uncurry(Date.prototype.toISOString), symbolText = uncurry(Symbol.prototype.toString);
  const patternText = uncurry(RegExp.prototype.toString);
  const mapSize = uncurry(descriptorOf(Map.prototype, "size").get), eachOfMap = uncurry(Map.prototype.forEach);
  const setSize = uncurry(descriptorOf(Set.prototype, "size").get), eachOfSet = uncurry(Set.prototype.forEach);
  const Bytes = Uint8Array, part = uncurry(Uint8Array.prototype.subarray), copy = uncurry(Uint8Array.prototype.slice);
  const apply = Reflect.apply, match = uncurry(RegExp.prototype.exec), IDENTIFIER = /^[A-Za-z_$][\w$]*$/, text = String;
  const MAX_DEPTH = 4, MAX_ENTRIES = 100, MAX_TEXT = 65536;

  const dateTime = uncurry(Date.prototype.getTime), bufferSize = uncurry(descriptorOf(ArrayBuffer.prototype, "byteLength").get);
  const sourceOf = uncurry(Function.prototype.toString), Tag = Symbol.toStringTag;
  const boxed = (name, valueOf) => (value) => "[" + name + ": " + show(valueOf(value), 1, null) + "]";

  const prototypes = [
    [Map.prototype, showMap], [Set.prototype, showSet],
    [Date.prototype, (value) => (dateTime(value) === dateTime(value) ? isoOf(value) : "Invalid Date")],
    [RegExp.prototype, (value) => patternText(value)], [Promise.prototype, () => "Promise {}"],
    [ArrayBuffer.prototype, (value) => "ArrayBuffer { byteLength: " + bufferSize(value) + " }"],
    [String.prototype, boxed("String", uncurry(String.prototype.valueOf))],
    [Number.prototype, boxed("Number", uncurry(Number.prototype.valueOf))],
    [Boolean.prototype, boxed("Boolean", uncurry(Boolean.prototype.valueOf))],
  ];

  // What a property holds, along the prototypes; no getter is asked.
  function held(value, key) {
    for (let at = value; at !== null; at = prototypeOf(at)) {
      const found = descriptorOf(at, key);
      if (found !== undefined) return found.value;
    }
    return undefined;
  }

  function nameOfFunction(value) {
    const found = descriptorOf(value, "name");
    return found && typeof found.value === "string" ? found.value : "";
  }

  // The class of an object, and its tag, in front of its properties; nothing for a plain one.
  function showClass(value) {
    const above = prototypeOf(value);
    if (above === null) return "[Object: null prototype] ";
    const made = held(above, "constructor"), tag = held(value, Tag);
    const name = typeof made === "function" ? nameOfFunction(made) : "";
    const tagged = typeof tag === "string" && tag !== "" && tag !== name ? "[" + tag + "] " : "";
    return name === "" || (tagged === "" && (name === "Object" || name === "Array")) ? tagged : name + " " + tagged;
  }

  function showFunction(value, depth, parents) {
    const name = nameOfFunction(value), own = descriptorOf(value, "prototype"), tag = held(value, Tag);
    const parent = prototypeOf(value), more = showEntries(value, depth, parents);
    let shown = "[" + (typeof tag === "string" ? tag : "Function") + (name === "" ? "" : ": " + name) + "]";
    if (own !== undefined && own.writable === false && slice(sourceOf(value), 0, 5) === "class") {
      const above = typeof parent === "function" ? nameOfFunction(parent) : "";
      shown = "[class" + (name === "" ? "" : " " + name) + (above === "" ? "" : " extends " + above) + "]";
    }
    return more === "{}" ? shown : shown + " " + more;
  }

  function list(parts, opens, closes) {
    return parts === "" ? opens + closes : opens + " " + parts + " " + closes;
  }

  function showMap(value, depth, parents) {
    let parts = "", count = 0;
    eachOfMap(value, (inner, key) => {
      if (count++ >= MAX_ENTRIES) return;
      parts += (parts ? ", " : "") + show(key, depth + 1, parents) + " => " + show(inner, depth + 1, parents);
    });
    return list(parts, "Map(" + mapSize(value) + ") {", "}");
  }

  function showSet(value, depth, parents) {
    let parts = "", count = 0;
    eachOfSet(value, (inner) => {
      if (count++ < MAX_ENTRIES) parts += (parts ? ", " : "") + show(inner, depth + 1, parents);
    });
    return list(parts, "Set(" + setSize(value) + ") {", "}");
  }

  function showKey(key) {
    return typeof key === "symbol" ? "[" + symbolText(key) + "]" : match(IDENTIFIER, key) ? key : quote(key);
  }

  // Own properties, and no getter is asked.
  function showEntries(value, depth, parents) {
    const keys = ownKeys(value);
    const isList = isArray(value) || tagOf(value) !== undefined;
    const gap = (count) => (parts ? ", " : "") + "<" + count + " empty>";
    let parts = "", count = 0, at = 0; // the place of a list that is shown next
    for (let i = 0; i < keys.length; i++) {
      const found = descriptorOf(value, keys[i]);
      if (found === undefined || !found.enumerable) continue;
      if (count++ >= MAX_ENTRIES) {
        parts += ", ... " + (keys.length - i - (isArray(value) ? 1 : 0)) + " more"; // a list's last key is its length
        break;
      }
      const shown = "value" in found ? show(found.value, depth + 1, parents)
        : found.get === undefined ? "[Setter]" : found.set === undefined ? "[Getter]" : "[Getter/Setter]";
      const named = isList && typeof keys[i] === "string" && keys[i] === text(+keys[i] >>> 0);
      if (named && +keys[i] > at) parts += gap(keys[i] - at);
      if (named) at = +keys[i] + 1;
      parts += (parts ? ", " : "") + (named ? shown : showKey(keys[i]) + ": " + shown);
    }
    if (isArray(value) && count <= MAX_ENTRIES && value.length > at) parts += gap(value.length - at);
    return isList ? list(parts, "[", "]") : list(parts, "{", "}");
  }

  function showObject(value, depth, parents) {
    for (let up = parents; up !== null; up = up.up) {
      if (up.value === value) return "[Circular]";
    }
    if (depth > MAX_DEPTH) return isArray(value) ? "[Array]" : "[Object]";
    const inside = { __proto__: null, value, up: parents };
    if (isError(value)) return showError(value, depth, inside);
    const tag = tagOf(value);
    if (tag !== undefined) return tag + "(" + lengthOf(value) + ") " + showEntries(part(value, 0, MAX_ENTRIES), depth, inside);
    for (let above = prototypeOf(value); above !== null; above = prototypeOf(above)) {
      for (let i = 0; i < prototypes.length; i++) {
        if (prototypes[i][0] === above) return prototypes[i][1](value, depth, inside);
      }
    }
    const entries = showEntries(value, depth, inside);
    return isArray(value) ? entries : showClass(value) + entries;
  }

  function showError(value, depth, parents) {
    const stack = stackOf(value);
    const head = value.name + (value.message ? ": " + value.message : "");
    const cause = descriptorOf(value, "cause"), shown = typeof stack === "string" && stack !== "" ? head + "\n" + slice(stack, 0, stack.length - 1) : head;
    return cause === undefined || depth > MAX_DEPTH ? shown : shown + "\n  [cause]: " + show(cause.value, depth + 1, parents);
  }

  function show(value, depth, parents) {
    switch (typeof value) {
      case "string": return quote(value);
      case "bigint": return value + "n";
      case "symbol": return symbolText(value);
      case "function": return depth > MAX_DEPTH ? "[Function]" : showFunction(value, depth, { __proto__: null, value, up: parents });
      case "object": {
        if (value === null) return "null";
        const shown = showObject(value, depth, parents);
        return shown.length > MAX_TEXT ? slice(shown, 0, MAX_TEXT) + "..." : shown;
      }
      case "number": return value === 0 && 1 / value < 0 ? "-0" : "" + value;
      default: return "" + value;
    }
  }

  // How a value is shown: bounded, and nothing of the script is asked but what proxies and names of errors do.
  ll.show = (value) => {
    try {
      return show(value, 1, null);
    } catch {
      return "[an object that cannot be shown]";
    }
  };
  ll.wellFormed = (value) => wellFormed(value);

  // UTF-8 into text; what is no UTF-8 is U+FFFD.
  ll.decode = (bytes) => {
    let result = "", ascii = 0;
    for (let i = 0; i < bytes.length; ) {
      const first = bytes[i];
      if (first < 0x80) {
        ascii = i;
        while (i < bytes.length && i - ascii < 4096 && bytes[i] < 0x80) i++;
        result += apply(fromCodes, null, part(bytes, ascii, i));
        continue;
      }
      const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
      let point = first & (0x3f >> more), at = 1;
      if (first < 0xc2 || first > 0xf4) point = -1;
      for (; point >= 0 && at <= more; at++) {
        const next = bytes[i + at];
        const low = at > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
        const high = at > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
        if (!(next >= low && next <= high)) break;
        point = (point << 6) | (next & 0x3f);
      }
      const whole = point >= 0 && at > more;
      result += whole ? fromPoint(point) : "\ufffd";
      i += at;
    }
    return result;
  };

  ll.encode = (value) => {
    const uri = encodeUri(wellFormed(value));
    const bytes = new Bytes(uri.length);
    let length = 0;
    for (let i = 0; i < uri.length; i++) {
      const code = codeAt(uri, i);
      if (code === 0x25) {
        bytes[length++] = parseHex(slice(uri, i + 1, i + 3), 16);
        i += 2;
      } else {
        bytes[length++] = code;
      }
    }
    return copy(bytes, 0, length);
  };
  ll.indent = (value, depth) => repeat("  ", depth) + value;
})
