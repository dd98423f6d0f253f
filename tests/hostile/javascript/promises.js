// title: promises that wait for one another until nothing is left
// threat: T-MEM-2
// verdict: limit memory
// kept: before\n
console.log("before");
const chain = () => Promise.resolve().then(chain);
await chain();
