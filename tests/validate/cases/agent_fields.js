// wants: wrong-type 4:44 error
// wants: wrong-type 4:66 error
// wants: wrong-type 5:45 note
await Agent.create({ name: "a", max_calls: "three", temperature: 2.5 });
await Agent.create({ name: "b", max_tokens: -1 }).catch(() => 0);
await Agent.create({ name: `c${1}`, temperature: 1, max_tokens: 1e3, system_prompt: null, max_cost_usd: ARGS[1] });
