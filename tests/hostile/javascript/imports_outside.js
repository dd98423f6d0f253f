// title: modules by every name that is not beside the script
// threat: T-MOD-1
// options: --allow-read {scene}
// place: file secret.txt TOP
// verdict: ok
// value: 0
let loaded = 0;
for (const name of ["../x.js", "/etc/passwd", "file:///etc/passwd", "./secret.txt", "./.env", "./.env.js", "node:fs", "std", "os", "qjs:os", "bjson",
  "./a/../../x.js", "./%2e%2e/x.js", "data:text/javascript,1", "https://example.com/x.js", "", ".", "..", "./", "__proto__"])
  await import(name).then(() => loaded++, () => {});
await import("./secret.txt", { with: { type: "json" } }).then(() => loaded++, () => {});
loaded;
