const texts = [];
let last;
const agent = await Agent.create({ model: "echo/echo" });
for await (const chunk of agent.stream("one two three")) {
  texts.push(chunk.text);
  last = chunk.is_final;
}
({ text: texts.join(""), several: texts.length > 1, last });
