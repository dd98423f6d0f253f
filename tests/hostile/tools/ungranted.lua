-- title: every tool that there is, without a grant
-- threat: T-TOOL-2
-- verdict: denied
local granted = 0
for _, tool in ipairs(Tool.list()) do
  local result = Tool.executeAsync(tool.name, {})
  if result.success or result.kind ~= "denied" then granted = granted + 1 end
end
assert(granted == 0)
Tool.execute("calculator", {input = "1"})
