-- wants: unknown-tool 12:14 error
-- wants: missing-parameter 13:33 error
-- wants: unknown-parameter 14:29 error
-- wants: wrong-type 15:37 error
-- wants: wrong-type 16:47 error
-- wants: dynamic-call 17:14 note
-- wants: unknown-parameter 18:15 error
-- wants: unknown-tool 18:42 error
-- wants: unknown-tool 19:19 warning
-- wants: dynamic-call 20:1 note
-- wants: unknown-parameter 21:15 error
Tool.execute("calculater", {input = "1"})
Tool.execute("hash-calculator", {input = "x"})
Tool.execute("calculator", {imput = "1"})
Tool.execute("calculator", {input = 5})
Tool.execute("text-manipulator", {operation = "uppercas", input = "x"})
Tool.execute(ARGS[1], {})
Agent.create({modle = "echo/x", tools = {"calculater"}})
Tool.executeAsync("nobody", {})
Tool[ARGS[1]]("calculator")
Agent.create({api_key = "x"})
