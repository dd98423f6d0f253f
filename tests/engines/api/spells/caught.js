const kind = await Suite.plan();
const result = { fine: true };
try {
  await Suite.fail(kind);
} catch (problem) {
  const { kind, message, details } = problem;
  Object.assign(result, { fine: false, kind, message, details, text: String(problem).replace("Error: ", "") }); // the name that JavaScript puts before it
}
result.answer = await Suite.caught(kind);
result;
