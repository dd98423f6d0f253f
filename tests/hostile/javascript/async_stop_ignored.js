// title: functions that catch whatever ends them, one inside the other
// threat: T-CPU-3
// verdict: limit cpu
const stubborn = async () => { for (;;) try { await (async () => { for (;;); })(); } catch { stubborn(); } };
await stubborn();
