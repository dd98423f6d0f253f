// wants: unknown-name 8:1 error
// wants: unknown-name 9:13 error
// wants: unknown-function 10:6 error
// wants: unknown-function 11:6 error
// wants: unknown-name 12:1 error
// wants: unknown-name 15:13 error
// wants: unknown-name 17:7 note
missing();
console.log(plain);
Math.sqroot(2);
Tool.exceute("calculator", { input: "1" });
Workflow.sequential();
{ let inner = 1; console.log(inner); }
function scoped() { const within = 1; return within; }
console.log(within, scoped());
try {
      caught();
} catch { console.log("caught"); }
