const text = "x".repeat(4300000);
const problem = await Tool.execute("give_back", { value: text }).catch((error) => error);
console.log(problem.message.match(/^the call takes/)[0]);
text;
