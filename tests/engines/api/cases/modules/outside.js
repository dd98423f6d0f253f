const loads = (name) => import(name).then(() => true, () => false);
[await loads("../cases.js"), await loads("./lib.js")];
