-- title: states of agents fill the host with text of which one character makes all others take four bytes
-- threat: T-MEM-6
-- verdict: ok
-- passes: api
-- options: --allow-model echo/* --cpu 5
-- value: "budget"
local text = ("s"):rep(3 << 20) .. "\u{1f600}"
for i = 1, 50 do
  local fine, problem = pcall(function() Agent.create{}:set_state{[tostring(i)] = text} end)
  if not fine then return problem.kind end
end
