let problem;
try {
  await Tool.execute("give-back", { value: { items: [1, 2, { callback: print }] } });
} catch (caught) {
  problem = caught;
}
({ kind: problem.kind, names_the_place: problem.message.includes("callback") && problem.message.includes("a function") });
