-- title: the environment is read by whatever tools there are
-- threat: T-SEC-2
-- verdict: ok
-- command: run
for _, name in ipairs{"environment-reader", "process-executor", "http-requester", "template-creator"} do
  local result = Tool.executeAsync(name, {operation = "get", variable = "PLANTED_KEY", name = "PLANTED_KEY", command = "env"})
  assert(not result.success)
  print(result.error)
end
