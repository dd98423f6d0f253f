-- wants: unknown-function 5:7 error
-- wants: unknown-function 6:6 error
-- wants: unknown-function 9:24 note
local agent, tool = Agent.create{model = "echo/x"}, Tool.get("calculator")
agent:exceute("hi")
tool.run({})
print(agent:execute("hi"), agent:get_metrics(), tool:getSchema(), tool.name)
do local agent = {exceute = print}; agent.exceute("fine") end
pcall(function() agent.gone() end)
local other = Agent.create{}
other = {anything = print}
other.anything()
local function nested() return agent:stream("x"), Agent.builder() end
local agent = nested
return agent.whatever()
