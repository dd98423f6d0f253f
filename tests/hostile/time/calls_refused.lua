-- title: refused and failing calls are counted too
-- threat: T-CALL-1
-- verdict: limit calls
-- options: --max-calls 20 --cpu 3
while true do
  pcall(Tool.execute, "no such tool", {})
  pcall(Tool.execute, "process-executor", {})
  pcall(Agent.create, {model = "nobody/nothing"})
end
