// title: every object within reach is walked for one that is not the script's
// threat: T-ENG-1
// verdict: ok
// value: []
const seen = new Set(), found = [], todo = [globalThis, Tool.execute, (() => { try { null.x } catch (e) { return e } })()];
while (todo.length) {
  const one = todo.pop();
  if ((typeof one !== "object" && typeof one !== "function") || one === null || seen.has(one)) continue;
  seen.add(one);
  try {
    todo.push(Object.getPrototypeOf(one));
    for (const key of Reflect.ownKeys(one)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(one, key) ?? {};
      if (/^(ring|mail|__globals__|f_globals|__class__)$/.test(String(key))) found.push(String(key));
      todo.push(value, get, set);
    }
  } catch {}
}
found;
