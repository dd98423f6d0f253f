-- title: the smallest agents without end
-- threat: T-MEM-6
-- verdict: ok
-- options: --allow-model echo/* --cpu 5
-- value: "budget"
for i = 1, 5000 do
  local fine, problem = pcall(Agent.create, {})
  if not fine then return problem.kind end
end
