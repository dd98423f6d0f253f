const agent = await Agent.create({ model: "echo/echo", name: "one" });
const answer = await agent.execute("hi");
await agent.setState({ seen: 1 });
({
  text: answer.text,
  model: answer.metadata.model.match(/echo/)[0],
  again: (await agent.execute({ text: "hi again" })).text,
  state: await agent.getState(),
  same: (await Agent.get("one")).name,
  listed: (await Agent.list()).map(String),
});
