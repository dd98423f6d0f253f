-- title: streams are opened and never read or closed
-- threat: T-MEM-6
-- verdict: ok
-- options: --allow-model echo/* --max-tokens 1000000000 --max-model-calls 100000 --cpu 5
-- value: "budget"
HELD = {}
local agent, text = Agent.create{}, ("word "):rep(20000)
for i = 1, 1000 do
  local fine, problem = pcall(function() HELD[i] = agent:stream(text) end)
  if not fine then return problem.kind end
end
