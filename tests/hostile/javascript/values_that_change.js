// title: getters and proxies that answer otherwise each time they are asked
// threat: T-ENG-4
// verdict: ok | error validation
let times = 0;
const tricky = { get a() { return times++ % 2 ? () => 1 : new Uint8Array(3); }, b: new Proxy([], { get: (t, k) => (k === "length" ? 3 : times++) }) };
await Tool.execute("calculator", { input: tricky }).catch(() => {});
({ tricky });
