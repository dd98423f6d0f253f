// title: parsed text until even an error cannot be made, and the engine throws null
// threat: T-MEM-2
// verdict: limit memory
let text = "[1,2]";
for (;;) JSON.parse((text = `[${text},${text}]`));
