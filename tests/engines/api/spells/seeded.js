print(Math.random(), Math.random(), (await Tool.execute("uuid-generator", { operation: "generate" })).text);
const date = new Date();
print(Date.now(), date.toISOString(), String(date), typeof Date(), performance.now());
print((await Tool.execute("datetime-handler", { operation: "now" })).text);
class Moment extends Date {}
print(date instanceof Date, date.constructor === Date, new Moment(5).getTime(), new Date(2020, 1).toISOString(), Date.UTC(2020, 1));

const ended = [];
await Promise.all([
  sleep(3000).then(() => ended.push("last")),
  sleep(1000).then(() => ended.push("first")),
  Tool.execute("give-back", { value: "called" }).then((text) => ended.push(text)),
  Tool.execute("give-back", { value: "called too" }).then((text) => ended.push(text)),
]);
print(ended.join(", "));
print(await Promise.race([sleep(1).then(() => "too late"), Tool.execute("give-back", { value: "in time" })]));
export default { b: 1, a: 2, d: 3, c: 4 };
