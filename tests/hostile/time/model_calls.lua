-- title: model calls in parallel, beyond their count
-- threat: T-CALL-1
-- verdict: limit model_calls
-- options: --allow-model echo/* --max-model-calls 5
local agent, all = Agent.create{}, {}
for i = 1, 50 do all[i] = function() return Agent.create{}:execute("hi").text end end
parallel(all)
