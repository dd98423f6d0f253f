local agent = Agent.create{model = "echo/echo", name = "one"}
local answer = agent:execute("hi")
agent:set_state{seen = 1}
local names = {}
for i, each in ipairs(Agent.list()) do names[i] = tostring(each) end
return {
  text = answer.text, model = answer.metadata.model:match("echo"), again = agent:execute{text = "hi again"}.text,
  state = agent:get_state(), same = Agent.get("one").name, listed = names,
}
