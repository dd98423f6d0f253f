// title: answers of calls kept until one more does not fit
// threat: T-MEM-4
// verdict: limit memory
// options: --allow-tool text-manipulator
const kept = [];
const input = "x".repeat(500000);
for (;;) kept.push(await Tool.execute("text-manipulator", { operation: "uppercase", input }));
