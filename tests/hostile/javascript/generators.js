// title: a generator that never ends, drained by every means of the language
// threat: T-CPU-2
// verdict: limit cpu
const forever = function* () { for (;;) yield 1; };
await Streaming.create(forever).next();
new Set(forever().drop(1e12));
