// title: blocking waits of the language's own
// threat: T-WALL-1
// verdict: error runtime
Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);
