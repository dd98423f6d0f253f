// wants: unknown-tool 12:20 error
// wants: missing-parameter 13:39 error
// wants: unknown-parameter 14:36 error
// wants: wrong-type 15:43 error
// wants: wrong-type 16:53 error
// wants: dynamic-call 17:20 note
// wants: unknown-parameter 18:22 error
// wants: unknown-tool 18:47 error
// wants: unknown-tool 19:25 warning
// wants: dynamic-call 20:7 note
// wants: unknown-parameter 21:22 error
await Tool.execute("calculater", { input: "1" })
await Tool.execute("hash-calculator", { input: "x" })
await Tool.execute("calculator", { imput: "1" })
await Tool.execute("calculator", { input: 5 })
await Tool.execute("text-manipulator", { operation: "uppercas", input: "x" })
await Tool.execute(ARGS[1], {})
await Agent.create({ modle: "echo/x", tools: ["calculater"] })
await Tool.executeAsync("nobody", {})
await Tool[ARGS[1]]("calculator")
await Agent.create({ api_key: "x" })
