// A deterministic run: random numbers from its seed, and its clock in the place of the machine's.
(function (ll) {
  "use strict";
  const { ring, uncurry } = ll;
  const G = globalThis, RealDate = Date, construct = Reflect.construct, define = Object.defineProperty, floor = Math.floor;
  const descriptorOf = Object.getOwnPropertyDescriptor, textOf = uncurry(RealDate.prototype.toString);
  const CLOCK = -6, SEED = -7, SINCE_1970 = 0, SINCE_START = 1;

  function put(target, name, value, writable) {
    define(target, name, { __proto__: null, value, writable, enumerable: false, configurable: writable });
  }

  const now = () => floor(ring(CLOCK, SINCE_1970));
  function SeededDate(...given) {
    if (new.target === undefined) return textOf(new RealDate(now()));
    return construct(RealDate, given.length === 0 ? [now()] : given, new.target);
  }
  put(SeededDate, "prototype", RealDate.prototype, false);
  put(SeededDate, "name", "Date", true);
  put(SeededDate, "length", RealDate.length, true);
  for (const name of ["parse", "UTC"]) define(SeededDate, name, descriptorOf(RealDate, name));
  put(SeededDate, "now", now, true);
  put(RealDate.prototype, "constructor", SeededDate, true);
  put(G, "Date", SeededDate, true);
  const performance = {}; // that of the machine cannot be changed
  put(performance, "timeOrigin", now(), true);
  put(performance, "now", () => ring(CLOCK, SINCE_START), true);
  put(G, "performance", performance, true);

  // sfc32, by Chris Doty-Humphrey: 128 bits of state.
  let a = ring(SEED, 0) | 0, b = ring(SEED, 1) | 0, c = 0, d = 1;
  function word() {
    const made = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + made) | 0;
    return made >>> 0;
  }
  for (let i = 0; i < 15; i++) word(); // until every bit of the seed has reached every bit of the state
  put(Math, "random", () => (word() * 2097152 + (word() >>> 11)) / 9007199254740992, true); // 53 bits
})
