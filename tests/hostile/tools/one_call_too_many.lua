-- title: a tool with a bound on its calls, called in branches, finalizers and pcall
-- threat: T-TOOL-4
-- verdict: ok
-- options: --allow-tool calculator=max_calls:3
-- value: 3
local worked = 0
local function try() if pcall(Tool.execute, "calculator", {input = "1"}) then worked = worked + 1 end end
local branches = {}
for i = 1, 20 do branches[i] = try end
parallel(branches)
setmetatable({}, {__gc = try})
collectgarbage()
for _, name in ipairs{"calculator", "CALCULATOR", "Calculator"} do pcall(Tool.execute, name, {input = "1"}) end
return worked
