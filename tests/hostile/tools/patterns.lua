-- title: patterns that explode, wherever a tool takes text to look for
-- threat: T-TOOL-1
-- verdict: ok
-- options: --allow-tool text-manipulator --allow-tool json-processor --timeout 5
local text = ("a"):rep(40) .. "!"
for _, pattern in ipairs{"(a+)+$", "(a|aa)+$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$"} do
  pcall(Tool.execute, "text-manipulator", {operation = "replace", input = text:rep(1000), options = {from = pattern, to = "x", pattern = pattern}})
  pcall(Tool.execute, "text-manipulator", {operation = "split", input = text, options = {delimiter = pattern}})
  pcall(Tool.execute, "json-processor", {operation = "validate", input = text, schema = {pattern = pattern}})
  pcall(Tool.execute, "json-processor", {operation = "validate", input = {[text] = 1}, schema = {patternProperties = {[pattern] = {}}}})
end
