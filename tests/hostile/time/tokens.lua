-- title: tokens beyond their sum, with every refusal caught
-- threat: T-CALL-1
-- verdict: limit tokens
-- options: --allow-model echo/* --max-tokens 100
local agent = Agent.create{}
while true do pcall(agent.execute, agent, ("word "):rep(20)) end
