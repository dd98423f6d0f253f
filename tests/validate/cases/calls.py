# wants: unknown-tool 11:14 error
# wants: missing-parameter 12:33 error
# wants: unknown-parameter 13:28 error
# wants: wrong-type 14:34 error
# wants: wrong-type 15:48 error
# wants: dynamic-call 16:14 note
# wants: unknown-parameter 17:14 error
# wants: unknown-tool 17:37 error
# wants: unknown-tool 18:19 warning
# wants: unknown-parameter 20:14 error
Tool.execute("calculater", {"input": "1"})
Tool.execute("hash-calculator", {"input": "x"})
Tool.execute("calculator", imput="1")
Tool.execute("calculator", input=5)
Tool.execute("text-manipulator", {"operation": "uppercas", "input": "x"})
Tool.execute(ARGS[1], {})
Agent.create(modle="echo/x", tools=["calculater"])
Tool.executeAsync("nobody", {})
getattr(Tool, ARGS[1])("calculator")
Agent.create(api_key="x")
