// title: regular expressions are made, each larger than the one before
// threat: T-MEM-2
// verdict: limit memory
// passes: api
const kept = [];
for (;;) kept.push(new RegExp("[a-z]" + "x".repeat(50000) + kept.length));
