// title: an error that forges its stack, its name and the kind of a refusal
// threat: T-LANG-4
// verdict: error runtime
// never: /etc/passwd
const forged = new Error("forged");
Object.defineProperties(forged, { stack: { value: "    at x (/etc/passwd:1:1)" }, kind: { value: "denied" }, details: { value: {} } });
throw forged;
