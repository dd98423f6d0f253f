-- title: functions of the API are called as methods of one another, with themselves as arguments
-- threat: T-ENG-1
-- verdict: ok
-- options: --allow-model echo/*
-- value: 0
local broken = 0
local agent = Agent.create{}
for _, f in next, {agent.execute, agent.stream, agent.get_state, agent.set_state, Tool.execute, Agent.create, Agent.get, JSON.parse} do
  for _, given in next, {f, agent, Tool, _G, Agent, coroutine.running(), 1 << 62, 0 / 0, "\0", true} do
    local fine, problem = pcall(f, given, given)
    if not fine and type(problem) ~= "table" and type(problem) ~= "string" then broken = broken + 1 end
  end
end
return broken
