-- title: agents with hosts, keys, tools, names and numbers that are not theirs to give
-- threat: T-TOOL-4
-- verdict: ok
-- options: --allow-model echo/*
-- value: []
local made = {}
for index, config in ipairs{
  {base_url = "http://evil"}, {api_key = "x"}, {name = ""}, {name = ("n"):rep(201)}, {temperature = 1e308}, {temperature = 0 / 0}, {max_tokens = -1},
  {max_tokens = 1 << 62, model = 5}, {model = "echo/" .. ("m"):rep(1000)}, {model = "planted/small"}, {model = "openai/gpt-4"}, {model = "../echo"}, {tools = {"no-such-tool"}},
  {tools = "calculator"}, {system_prompt = {}}, {max_conversation_length = -1}, {provider = "echo", model = {provider = "planted", model_id = "x"}},
} do
  local fine = pcall(Agent.create, config)
  if fine then made[#made + 1] = index end
end
return #made == 0 and JSON.parse("[]") or made
