-- calls that are right, or of which nothing can be said
local parameters = {}
local name = "calculator"
print(Tool.execute("calculator", {input = "1", variables = {x = 1.5}}))
print(Tool.execute("uuid_generator"), Tool.execute("uuid-generator", nil), Tool.execute("uuid-generator", {}))
print(Tool.execute("hash-calculator", parameters), Tool.execute("calculator", {["in" .. "put"] = "1"}))
print(Tool.execute("calculator", {input = name}), Tool.execute("hash-calculator", (...)))
print(Tool.get("no-such-tool"), Tool.exists("none"), Tool.list(), Tool.categories())
local agent = Agent.create{model = "echo/x", tools = {"calculator"}, temperature = 0.5}
print(agent:execute("hi"), Agent.builder():name("x"):build(), Provider.list(), JSON.parse("{}"), JSON.null)
parallel({function() sleep(0) end})
