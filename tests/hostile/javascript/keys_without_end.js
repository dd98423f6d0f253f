// title: names of properties, which the engine keeps in a table of its own
// threat: T-MEM-2
// verdict: limit memory
const kept = {};
for (let i = 0; ; i++) kept["k" + i] = true;
