// title: promises that each make another, with nothing kept
// threat: T-CPU-2
// verdict: limit cpu
// kept: before\n
console.log("before");
const again = () => { queueMicrotask(again); };
again();
await new Promise(() => {});
