const kind = (name, parameters) => Tool.execute(name, parameters).catch((problem) => problem.kind);
[
  await kind("secret"), await kind("no-such-tool"), await kind("give-back", { other: 1 }), await kind("break-down"),
  await Tool.execute("bounded"), await kind("bounded"),
];
