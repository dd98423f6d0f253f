// title: a regular expression that goes back without end
// threat: T-CPU-2
// verdict: limit cpu
// kept: before\n
console.log("before");
/^(a+)+$/.test("a".repeat(60) + "b");
