// What a script writes and reads: `console`, `print`, `stdin`, and text as bytes.
(function (ll) {
  "use strict";
  const { uncurry, show, output, call, Bytes } = ll;
  const text = String, now = Date.now, find = uncurry(Uint8Array.prototype.indexOf), part = uncurry(Uint8Array.prototype.subarray);
  const setBytes = uncurry(Uint8Array.prototype.set), indexOf = uncurry(String.prototype.indexOf), slice = uncurry(String.prototype.slice);
  const replaceAll = uncurry(String.prototype.replaceAll);
  const match = uncurry(RegExp.prototype.exec), UTF8 = /^utf-?8$/i, truncated = Math.trunc;
  const toJson = JSON.stringify;
  const OUT = 1, ERR = 2, READ = 65536, NEWLINE = 10, RETURN = 13;

  function said(value) {
    return typeof value === "string" ? value : show(value);
  }

  function formatted(format, values) {
    let result = "", from = 0, next = 1;
    for (let at = indexOf(format, "%"); at >= 0; at = indexOf(format, "%", from)) {
      result += slice(format, from, at);
      const kind = format[at + 1];
      from = at + 2;
      if (kind === "%") result += "%";
      else if (next < values.length && (kind === "s" || kind === "o" || kind === "O")) result += said(values[next++]);
      else if (next < values.length && kind === "j") result += toJson(values[next++]);
      else if (next < values.length && kind === "c") next++; // a style, which there is none of
      else if (next < values.length && (kind === "d" || kind === "i" || kind === "f")) {
        const value = values[next++];
        result += typeof value === "bigint" ? value + "n" : typeof value === "symbol" ? "NaN" : kind === "i" ? truncated(+value) : +value;
      } else {
        result += "%";
        from = at + 1;
      }
    }
    result += slice(format, from);
    for (; next < values.length; next++) result += " " + said(values[next]);
    return result;
  }

  function line(values) {
    if (values.length > 1 && typeof values[0] === "string" && indexOf(values[0], "%") >= 0) return formatted(values[0], values);
    let result = "";
    for (let i = 0; i < values.length; i++) result += (i > 0 ? " " : "") + said(values[i]);
    return result;
  }

  function makeConsole() {
    let depth = 0;
    const counts = { __proto__: null }, timers = { __proto__: null };
    const write = (stream, value) => {
      const margin = ll.indent("", depth);
      output(stream, margin + (depth > 0 ? replaceAll(value, "\n", "\n" + margin) : value) + "\n");
    };
    const to = (stream) => (...values) => write(stream, line(values));
    const elapsed = (label) => label + ": " + (now() - timers[label]) + "ms";
    const group = (...values) => {
      if (values.length) write(OUT, line(values));
      depth = depth < 32 ? depth + 1 : depth;
    };
    return {
      log: to(OUT), info: to(OUT), debug: to(OUT), dir: (value) => write(OUT, show(value)), table: (value) => write(OUT, show(value)),
      warn: to(ERR), error: to(ERR),
      trace: (...values) => write(ERR, "Trace: " + line(values) + "\n" + ll.stackOf(new ll.errorOf(""))),
      assert: (truth, ...values) => { if (!truth) write(ERR, "Assertion failed" + (values.length ? ": " + line(values) : "")); },
      group, groupCollapsed: group,
      groupEnd: () => { depth = depth > 0 ? depth - 1 : 0; },
      count: (label = "default") => {
        const name = text(label);
        counts[name] = (counts[name] || 0) + 1;
        write(OUT, name + ": " + counts[name]);
      },
      countReset: (label = "default") => { delete counts[text(label)]; },
      time: (label = "default") => { timers[text(label)] = now(); },
      timeLog: (label = "default") => { if (timers[text(label)] !== undefined) write(OUT, elapsed(text(label))); },
      timeEnd: (label = "default") => {
        if (timers[text(label)] === undefined) return;
        write(OUT, elapsed(text(label)));
        delete timers[text(label)];
      },
    };
  }

  // The run's stdin: read by lines, or whole; `for await (const line of stdin)`.
  function makeStdin() {
    let held = new Bytes(0), ended = false, turn = null;

    async function more() {
      const bytes = await call("stdin.read", { __proto__: null, size: READ });
      if (bytes === null || bytes.length === 0) {
        ended = true;
        return;
      }
      const joined = new Bytes(held.length + bytes.length);
      setBytes(joined, held);
      setBytes(joined, bytes, held.length);
      held = joined;
    }

    async function line() {
      let from = 0, stop;
      while ((stop = find(held, NEWLINE, from)) < 0 && !ended) {
        from = held.length;
        await more();
      }
      if (stop < 0 && held.length === 0) return null;
      const end = stop < 0 ? held.length : stop;
      const found = part(held, 0, end > 0 && held[end - 1] === RETURN ? end - 1 : end);
      held = part(held, stop < 0 ? end : stop + 1);
      return ll.decode(found);
    }

    async function all() {
      while (!ended) await more();
      const bytes = held;
      held = new Bytes(0);
      return bytes;
    }

    // Readers take turns.
    function after(read) {
      const before = turn;
      const mine = (async () => {
        try { await before; } catch { /* told to whoever asked */ }
        return read();
      })();
      turn = mine;
      return mine;
    }

    const stdin = {
      readLine: () => after(line),
      readBytes: () => after(all),
      read: async () => ll.decode(await after(all)),
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const value = await after(line);
          return value === null ? { value: undefined, done: true } : { value, done: false };
        },
      }),
    };
    return stdin;
  }

  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(value = "") { return ll.encode(text(value)); }
  }
  class TextDecoder {
    constructor(label = "utf-8") {
      if (!match(UTF8, label)) throw new RangeError("TextDecoder knows utf-8 only");
    }
    get encoding() { return "utf-8"; }
    decode(bytes = new Bytes(0)) {
      const view = bytes instanceof Bytes ? bytes : new Bytes(bytes.buffer || bytes, bytes.byteOffset || 0, bytes.byteLength);
      return ll.decode(view[0] === 0xef && view[1] === 0xbb && view[2] === 0xbf ? part(view, 3) : view);
    }
  }

  const writer = (stream) => ({
    write: (value) => {
      output(stream, typeof value === "string" ? value : show(value));
      return true;
    },
  });
  ll.writers = [writer(OUT), writer(ERR)];
  ll.io = { console: makeConsole(), print: (...values) => output(OUT, line(values) + "\n"), stdin: makeStdin(), TextEncoder, TextDecoder };
})
