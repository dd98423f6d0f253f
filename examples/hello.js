// The smallest spell in JavaScript: it greets you, or whoever you name.
//
//   llmspell run examples/hello.js
//   llmspell run examples/hello.js Ada

const [, name = "world"] = ARGS;
console.log(`Hello, ${name}!`);
