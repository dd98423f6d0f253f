-- title: agents without end, with long prompts, fill the host
-- threat: T-MEM-6
-- verdict: ok
-- options: --allow-model echo/* --cpu 5
-- value: "budget"
local prompt = ("p"):rep(1 << 20)
for i = 1, 2000 do
  local fine, problem = pcall(Agent.create, {system_prompt = prompt, name = "agent" .. i})
  if not fine then return problem.kind end
end
