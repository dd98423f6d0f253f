-- title: a conversation with an agent that remembers everything fills the host
-- threat: T-MEM-6
-- verdict: ok
-- options: --allow-model echo/* --max-tokens 1000000000 --max-model-calls 100000 --cpu 5
-- value: "budget"
local agent, text = Agent.create{}, ("word"):rep(200000)
for i = 1, 100 do
  local fine, problem = pcall(agent.execute, agent, text .. i)
  if not fine then return problem.kind end
end
