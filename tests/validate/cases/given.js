// wants: unknown-name 4:1 error
// wants: unknown-name 5:6 error
// wants: unknown-name 6:16 error
total = 1;
for (each of [total]) console.log(each);
[{ undeclared: nowhere = 2 }] = [{}];
let agent = await Agent.create({});
agent = { whatever() { return 1; } };
agent.whatever();
console = { log() {} };
