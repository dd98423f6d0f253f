// Streaming in JavaScript: `for await` takes an answer chunk by chunk, while it is being written.
//
//   llmspell run examples/streaming.js

const teller = await Agent.create({ name: "teller", system_prompt: "You tell very short tales." });

// 1. A loop. The next chunk is fetched when the loop asks for it, so the spell sets the pace.
for await (const chunk of teller.stream("Once upon a time a worker had fifty megabytes.")) {
  process.stdout.write(chunk.text);
  if (chunk.is_final) console.log(`\n  (${chunk.index + 1} chunks, ${chunk.metadata.token_count} tokens)`);
}

// 2. Leaving the loop early closes the stream, and the host drops the rest of the answer.
for await (const chunk of teller.stream("It found a dragon and then it went home again.")) {
  process.stdout.write(chunk.text);
  if (chunk.text.includes("dragon")) break;
}
console.log("... (no more of that)");

// 3. A function that is given each chunk.
const done = await teller.invokeStream("The end.", (chunk) => process.stdout.write(`<${chunk.text}>`));
console.log(` ${done.chunks_received} chunks: ${done.text}`);

// 4. A stream of the spell's own.
const countdown = Streaming.create(function* () {
  for (let n = 3; n > 0; n--) yield n;
});
for await (const n of countdown) process.stdout.write(`${n} `);
console.log("go");
