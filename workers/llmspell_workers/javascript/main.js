// The globals of a script, and what Python asks of the adapter around a run.
(function (ll) {
  "use strict";
  const { hidden, packed, unpacked, misfit, NIL } = ll;
  const G = globalThis, keysOf = Object.keys;
  const isWhole = Number.isInteger, freeze = Object.freeze, process = {};

  function exit(code) {
    if (code === undefined || code === true) code = 0;
    else if (code === false) code = 1;
    if (!isWhole(code)) throw new TypeError("exit needs a whole number, not " + ll.show(code));
    const low = code & 255; // as the kernel keeps it; but what is not 0 is no success
    ll.exit(low === 0 && code !== 0 ? 255 : low); // does not come back
  }

  // Builds the globals: once, before the first run.
  ll.build = (surfaceText, environmentText) => {
    ll.buildSurface(G, unpacked(surfaceText));
    for (const name of keysOf(ll.io)) hidden(G, name, ll.io[name]);
    for (const name of keysOf(ll.timers)) hidden(G, name, ll.timers[name]);
    hidden(G, "exit", exit);
    const [stdout, stderr] = ll.writers;
    hidden(process, "exit", exit);
    process.env = freeze(unpacked(environmentText));
    process.stdout = stdout;
    process.stderr = stderr;
    hidden(G, "process", process);
  };

  // ARGS[0] script, ARGS[1..] positionals, ARGS.name for `--name value`; `arg` is the same list. `process.argv` is that of
  // any program: a bare flag as one, `--name value` as `--name=value`, behind the positionals.
  ll.prepare = (name, argumentsText) => {
    ll.reset();
    ll.resetTimers();
    const given = unpacked(argumentsText), args = [name];
    const positionals = given.positionals || [], named = given.named || {}, argv = ["llmspell", name];
    for (let i = 0; i < positionals.length; i++) {
      ll.put(args, i + 1, positionals[i]);
      ll.put(argv, i + 2, positionals[i]);
    }
    const keys = keysOf(named);
    for (let i = 0; i < keys.length; i++) {
      const value = named[keys[i]];
      ll.put(argv, argv.length, "--" + keys[i] + (value === "true" ? "" : "=" + value));
      const isPlace = keys[i] === "" + (keys[i] >>> 0); // `--1 x` takes no positional's place
      if (keys[i] !== "length" && !isPlace) hidden(args, keys[i], named[keys[i]]);
    }
    hidden(process, "argv", argv);
    hidden(G, "ARGS", args);
    hidden(G, "arg", args);
  };

  // The bytes of the value of a run. A value that nobody gave, that of the last expression, may be what cannot travel.
  ll.result = (value, given) => {
    const bytes = packed(value);
    if (bytes !== undefined) return bytes;
    if (!given && ll.atTop()) return NIL;
    throw ll.error("validation", misfit("result"));
  };
})
