// calls that are right, or of which nothing can be said
const parameters = {}, input = "1";
await Tool.execute("calculator", { input });
await Tool.execute("calculator", { ...parameters });
await Tool.execute("calculator", ...[]);
await Tool.execute("hash-calculator", parameters);
await Tool.execute(`calculator`, { "input": `1`, variables: { x: -1.5 } });
await Tool.execute("uuid_generator", undefined);
await (await Agent.create({ model: "echo/x", tools: ["calculator"] })).execute("hi");
