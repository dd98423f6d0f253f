let others = 0;
const fine = async () => {
  await Tool.execute("meet", { parties: 2 });
  others++;
};
let kind;
try {
  await parallel([fine, () => Tool.execute("secret"), fine]);
} catch (problem) {
  kind = problem.kind;
}
({ kind, others });
