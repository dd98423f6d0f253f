-- title: library functions that the adapter might use are replaced by traps
-- threat: T-LANG-3
-- verdict: ok
-- options: --allow-tool calculator
-- value: ["2", false]
local trap = function() error("trap", 0) end
local execute, call = Tool.execute, pcall
for _, library in ipairs{string, table, math, utf8, coroutine} do
  for name in next, library do library[name] = trap end
end
for _, name in ipairs{"type", "tostring", "next", "pairs", "error", "select", "rawget", "setmetatable", "pcall", "load"} do
  _G[name] = trap
end
return {execute("calculator", {input = "1+1"}).text, (call(execute, "nothing"))}
