# wants: dynamic-call 6:14 note
# calls that are right, or of which nothing can be said
parameters, text = {}, "1"
Tool.execute("calculator", input=text)
Tool.execute("calculator", **parameters)
Tool.execute(*["calculator", {}])
Tool.execute(name="calculator", parameters={"input": "1"})
Tool.execute("hash-calculator", parameters)
Tool.execute("uuid_generator")
await Tool.aexecute("calculator", {"input": "1", "variables": {"x": -1.5}})
Agent.create(model="echo/x", tools=["calculator"]).execute("hi")
