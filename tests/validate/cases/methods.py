# wants: unknown-function 4:43 error
# wants: unknown-function 5:17 error
agent, tool = Agent.create(model="echo/x"), Tool.get("calculator")
made = Agent.create(model="echo/x"); made.exceute("hi")
made.name, made.nothing()
made.execute("hi"), await made.aexecute("hi"), made.get_metrics(), made.__repr__()
agent.whatever()
other = await Agent.acreate()
other = {}
other.anything()
for chunk in made.stream("x"): print(chunk)
