// Parallel calls in JavaScript: a call begins at once, and `Promise.all` waits for several of them.
// Three questions to a model take as long as the slowest of them.
//
//   llmspell run examples/parallel.js

async function ask(name, question) {
  console.log(`${name} is asked`);
  const agent = await Agent.create({ name, system_prompt: `You are a ${name}.` });
  return `${name} says: ${(await agent.execute(question)).text}`;
}

// The results stand in the order of the calls, whoever finished first.
const answers = await Promise.all([
  ask("botanist", "Roses are red."),
  ask("painter", "Violets are violet."),
  ask("poet", "Sugar is sweet."),
]);
for (const answer of answers) console.log(answer);

// A failure is caught where it belongs; `executeAsync` gives it as an answer instead.
const attempt = (input) => Tool.execute("calculator", { input }).then((answer) => answer.result.result, () => "no value");
console.log((await Promise.all(["2 ^ 10", "1 / zero", "10 % 4"].map(attempt))).join(", "));

// Waiting in parallel: this takes a tenth of a second, not three of them.
await Promise.all([sleep(0.1), sleep(0.1), sleep(0.1)]);
console.log("three waits are over");
