local agent = Agent.builder():name("built"):model("echo/echo"):temperature(0.5):allow_tool("calculator"):build()
return {name = agent.name, text = agent:execute("hello").text, has = agent:has_tool("calculator")}
