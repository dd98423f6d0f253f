// The script API: globals built from the table that the host sends, so that a function added there appears here.
// Each function is data: what it calls, the names of what it takes, and the form of what it gives.
(function (ll) {
  "use strict";
  const { begin, numberOf, packerOf, misfit, error, invalid, setName, put } = ll;
  const NativeError = Error, define = Object.defineProperty, keysOf = Object.keys;
  const setPrototype = Object.setPrototypeOf, isArray = Array.isArray;
  const objects = { __proto__: null }; // class name -> {named, methods}
  let builders;

  function hidden(target, name, value) {
    define(target, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
  }

  function makeObject(name, fields) {
    const known = objects[name];
    if (known.named) setName(fields, fields[known.named]);
    return setPrototype(fields, known.methods);
  }

  // What is made of the value of a reply, in the form that its row says; null for a plain one.
  function finishOf(spec) {
    const gives = spec.gives;
    if (gives === undefined || gives === "stream") return null;
    if (!spec.many) return (value) => (value === null ? null : makeObject(gives, value));
    return (list) => {
      for (let i = 0; i < list.length; i++) list[i] = makeObject(gives, list[i]);
      return list;
    };
  }

  // The function of a row for the values of its arguments, and an error that has the place of the call.
  function makeCall(spec, method) {
    const names = method ? ["self"] : [];
    for (const name of spec.takes || []) names[names.length] = name;
    const packed = packerOf(spec.with || {}, names), capability = numberOf(spec.calls), finish = finishOf(spec);
    return (given, place) => {
      const bytes = packed(given);
      if (bytes === undefined) throw error("validation", misfit(""));
      return begin(capability, bytes, finish, place);
    };
  }

  function withSelf(object, given) {
    const all = [object.id];
    for (let i = 0; i < given.length; i++) put(all, i + 1, given[i]);
    return all;
  }

  // A row whose failure is an answer: `{success, output}`, or `{success: false, error, kind}`.
  function caught(made) {
    const failed = (problem) => {
      if (!ll.isOurs(problem)) throw problem;
      return { success: false, error: problem.message, kind: problem.kind };
    };
    return async (given, place) => {
      try { return { success: true, output: await made(given, place) }; } catch (problem) { return failed(problem); }
    };
  }

  // A row that runs a stream through a function of the script, its last argument.
  function drained(spec, made, method, name) {
    const at = spec.takes.length + (method ? 1 : 0);
    return (given, place) => {
      const each = given[at];
      if (typeof each !== "function") invalid(name + " needs a function as its argument " + (spec.takes.length + 1) + ", not " + ll.show(each));
      return ll.drain(ll.makeStream(spec, made(given, place)), each);
    };
  }

  function makeBuilder(name) {
    const spec = builders[name], build = makeCall(spec.build, false), appends = keysOf(spec.appends);
    return () => {
      const fields = { __proto__: null }, builder = {};
      for (let i = 0; i < spec.sets.length; i++) {
        put(builder, spec.sets[i], (value) => {
          fields[spec.sets[i]] = value;
          return builder;
        });
      }
      for (let i = 0; i < appends.length; i++) {
        const method = appends[i], field = spec.appends[method];
        put(builder, method, (value) => {
          const before = fields[field] === undefined ? [] : fields[field];
          if (!isArray(before)) invalid(name + ": " + field + " must be a list before " + method + " can add to it");
          const list = [];
          for (let i = 0; i < before.length; i++) put(list, i, before[i]);
          put(list, before.length, value);
          fields[field] = list; // a copy: the list that was given stays the script's own
          return builder;
        });
      }
      put(builder, "build", () => build([fields], new NativeError("")));
      return builder;
    };
  }

  // A row that calls nothing: an object with what is always in it, and what it takes.
  function makeMaker(spec) {
    const fixed = keysOf(spec.makes), takes = spec.takes;
    return (...given) => {
      const made = {};
      for (let i = 0; i < fixed.length; i++) put(made, fixed[i], spec.makes[fixed[i]]);
      for (let i = 0; i < takes.length; i++) if (given[i] !== undefined) put(made, takes[i], given[i]);
      return made;
    };
  }

  function makeFunction(spec, method, name) {
    if (spec.makes) return makeMaker(spec);
    if (spec.starts) return makeBuilder(spec.starts);
    const made = makeCall(spec, method);
    const take = spec.each ? drained(spec, made, method, name) : spec.caught ? caught(made)
      : spec.gives === "stream" ? (given, place) => ll.makeStream(spec, made(given, place)) : made;
    if (!method) return (...given) => take(given, new NativeError(""));
    return function (...given) { return take(withSelf(this, given), new NativeError("")); };
  }

  function withSpellings(target, name, spec, made) {
    hidden(made, "name", name);
    hidden(target, name, made);
    for (const spelling of spec.also || []) hidden(target, spelling, made);
  }

  function makeClass(name, spec) {
    const methods = {};
    for (const method of keysOf(spec.methods)) withSpellings(methods, method, spec.methods[method], makeFunction(spec.methods[method], true, name + "." + method));
    hidden(methods, "toString", function () {
      const known = ll.nameOf(this);
      return known === undefined ? name : known;
    });
    objects[name] = { __proto__: null, named: spec.named, methods };
  }

  // A global of a later version: it raises on use, and says so.
  function makeMissing(name) {
    const raise = () => { throw error("not_found", name + " is not part of this version of llmspell"); };
    return new Proxy(function () {}, { __proto__: null, get: raise, set: raise, has: raise, apply: raise, construct: raise, ownKeys: raise });
  }

  const MADE = {
    __proto__: null,
    JSON: () => {
      hidden(JSON, "null", null);
      return JSON;
    },
    Streaming: () => ll.streaming,
    parallel: () => ll.parallel,
  };

  ll.buildSurface = (G, surface) => {
    builders = surface.builders;
    for (const name of keysOf(surface.objects)) objects[name] = { __proto__: null };
    for (const name of keysOf(surface.objects)) makeClass(name, surface.objects[name]);
    for (const name of keysOf(surface.globals)) {
      const target = {}, rows = surface.globals[name];
      for (const row of keysOf(rows)) withSpellings(target, row, rows[row], makeFunction(rows[row], false, row));
      hidden(G, name, target);
    }
    for (const name of keysOf(surface.functions)) withSpellings(G, name, surface.functions[name], makeFunction(surface.functions[name], false, name));
    for (const name of keysOf(surface.same)) hidden(G, name, G[surface.same[name]]);
    for (const name of surface.engine_made) if (MADE[name]) hidden(G, name, MADE[name]());
    for (const name of surface.missing) hidden(G, name, makeMissing(name));
  };
  ll.hidden = hidden;
})
