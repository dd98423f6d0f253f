// title: one buffer that is larger than the limit
// threat: T-MEM-1
// verdict: limit memory
// kept: before\n
console.log("before");
new ArrayBuffer(2 ** 31 - 1);
