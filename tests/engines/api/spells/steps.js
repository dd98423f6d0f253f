// Takes every step of the plan: finds the function, calls it, and notes what it gave; see ../README.md.
async function chunks(stream) {
  const texts = [];
  for await (const chunk of stream) texts.push(chunk.text);
  return texts;
}

async function noted(form, gave) {
  if (form === "stream") return chunks(gave);
  const value = await gave;
  if (form === "object") return value.name;
  if (form === "many") return value.map((each) => each.name);
  return value;
}

async function built(step, builder) {
  for (const name of step.sets) builder = builder[name](name === "tools" ? ["given"] : `the ${name}`);
  for (const name of step.appends) builder = builder[name](`the ${name}`);
  return (await builder.build()).name;
}

async function take(step) {
  const object = step.maker && (await Suite[step.maker]());
  let owner = undefined;
  let found = object || globalThis;
  for (const name of step.path) [owner, found] = [found, found[name]];
  if (typeof found !== "function") return { missing: true };
  if (step.form === "builder") return { gave: await built(step, found.call(owner)) };
  if (step.form === "each") {
    const gave = [];
    await found.call(owner, ...step.words, (chunk) => gave.push(chunk.text));
    return { gave };
  }
  return { gave: await noted(step.form, found.call(owner, ...step.words)) };
}

for (const [number, step] of (await Suite.plan()).entries()) {
  await Suite.step(number);
  await Suite.note(await take(step));
}
