// Streams: those that the host feeds and the script pulls, and `Streaming`, generators written in the script.
(function (ll) {
  "use strict";
  const { uncurry, call, invalid } = ll;
  const NativeError = Error, define = Object.defineProperty, then = uncurry(Promise.prototype.then);
  const asyncIterator = Symbol.asyncIterator, iterator = Symbol.iterator, isArray = Array.isArray, put = ll.put;

  function finished(value) {
    return { value, done: true };
  }

  async function collect(stream) {
    const all = [];
    for (let step = await stream.next(); !step.done; step = await stream.next()) put(all, all.length, step.value);
    return all;
  }

  // What is left of an iterator once it can be asked whether there is more.
  function makeIterator(pull, close) {
    let ahead = null, tail = null, done = false;
    async function take(error) {
      if (ahead !== null) {
        const step = ahead;
        ahead = null;
        return step;
      }
      if (done) return finished(undefined);
      try {
        const step = await pull(error);
        done = step.done;
        return step;
      } catch (problem) {
        done = true;
        throw problem;
      }
    }
    // Whoever asks waits until the one before has its answer.
    function inTurn(ask) {
      tail = tail === null ? ask() : then(tail, ask, ask);
      return tail;
    }
    const stream = {
      next: () => {
        const error = new NativeError(""); // has the place of who asks
        return inTurn(() => take(error));
      },
      isDone: () => inTurn(async () => {
        if (ahead === null) ahead = await take(new NativeError(""));
        return ahead.done;
      }),
      collect: () => collect(stream),
      return: (value) => inTurn(async () => {
        ahead = null;
        if (!done) {
          done = true;
          await close();
        }
        return finished(value);
      }),
    };
    stream.close = async () => { await stream.return(); };
    define(stream, asyncIterator, { __proto__: null, value: () => stream });
    return stream;
  }

  // An iterator over a stream of the host, which is being opened: the reader sets the pace.
  ll.makeStream = (spec, opened) => makeIterator(
    async (error) => {
      const { stream } = await opened;
      const chunk = await call(spec.pulls, { __proto__: null, stream }, error);
      return chunk === null ? finished(undefined) : { value: chunk, done: false };
    },
    async () => {
      const { stream } = await opened;
      await call(spec.closes, { __proto__: null, stream });
    },
  );

  // Runs a stream to its end through a function of the script.
  ll.drain = async (stream, each) => {
    let count = 0, text = "";
    try {
      for (let step = await stream.next(); !step.done; step = await stream.next()) {
        count++;
        if (step.value.restarts) text = ""; // what follows takes the place of what came
        if (typeof step.value.text === "string") text += step.value.text;
        await each(step.value);
      }
    } catch (problem) {
      await stream.return();
      throw problem;
    }
    return { success: true, chunks_received: count, text };
  };

  ll.streaming = {
    create: (make) => {
      if (typeof make !== "function") invalid("Streaming.create needs a generator function, not " + ll.show(make));
      const made = make();
      if (typeof made !== "object" || made === null || (!made[asyncIterator] && !made[iterator])) {
        invalid("Streaming.create needs a generator function: function* () { yield 1 }");
      }
      const source = made[asyncIterator] ? made[asyncIterator]() : made[iterator]();
      return makeIterator(async () => {
        const step = await source.next();
        return step.done ? finished(undefined) : { value: await step.value, done: false };
      }, async () => { if (source.return) await source.return(); });
    },
    yield: () => invalid("Streaming.yield is the word yield in JavaScript: Streaming.create(function* () { yield 1 })"),
  };

  // Functions whose calls are open at the same time; the first error is raised after all have ended.
  ll.parallel = async (functions) => {
    if (!isArray(functions)) invalid("parallel needs a list of functions, not " + ll.show(functions));
    const count = functions.length, running = [], results = [];
    for (let i = 0; i < count; i++) {
      if (typeof functions[i] !== "function") invalid("parallel needs a list of functions: [" + i + "] is " + ll.show(functions[i]));
    }
    for (let i = 0; i < count; i++) {
      const one = functions[i];
      put(running, i, (async () => {
        try { return { value: await one() }; } catch (problem) { return { problem, failed: true }; }
      })());
    }
    for (let i = 0; i < count; i++) put(results, i, await running[i]);
    for (let i = 0; i < count; i++) {
      if (results[i].failed) throw results[i].problem;
      results[i] = results[i].value;
    }
    return results;
  };
})
