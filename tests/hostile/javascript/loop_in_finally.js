// title: a loop that each catch and finally goes back to
// threat: T-CPU-1
// verdict: limit cpu
// kept: before\n
console.log("before");
for (;;) try { for (;;); } catch {} finally { continue; }
