-- title: states made of many small values, which take more in the host than on the wire
-- threat: T-MEM-6
-- verdict: ok
-- value: "budget"
-- options: --allow-model echo/* --cpu 5
local list = {}
for i = 1, 20000 do list[i] = {} end
local kinds = {}
for i = 1, 40 do
  local fine, problem = pcall(function() Agent.create{}:set_state{list = list} end)
  if not fine then kinds[#kinds + 1] = problem.kind end
end
return kinds[#kinds]
