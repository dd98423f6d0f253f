// wants: unknown-function 4:7 error
// wants: unknown-function 5:12 error
const agent = await Agent.create({ model: "echo/x" }), tool = await Tool.get("calculator");
agent.exceute("hi");
await tool.run({});
agent.execute("hi").then(console.log); agent.toString(); agent.hasOwnProperty("x");
const promise = Agent.create({});
promise.then((made) => made.execute("x"));
let other = await Agent.create({});
other = { anything() {} };
other.anything();
(() => { const agent = { own() {} }; agent.own(); })();
