const tool = await Tool.get("give_back");
({
  answer: await Tool.execute("give-back", { value: 42 }),
  parts: await tool.execute({ value: [1, "two", { three: 3.5 }] }),
  exists: await Tool.exists("give-back"),
  none: (await Tool.get("no-such-tool")) === null,
  schema: (await tool.getSchema()).type,
});
