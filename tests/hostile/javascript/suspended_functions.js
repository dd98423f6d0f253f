// title: functions that wait for ever, each with its stack
// threat: T-MEM-2
// verdict: limit memory
const kept = [];
for (;;) kept.push((async () => { await new Promise(() => {}); })());
