-- title: names of tools that are paths, attributes, formats, huge or no text
-- threat: T-TOOL-3
-- verdict: ok
-- options: --allow-tool calculator
-- value: 0
local found = 0
for _, name in ipairs{"../calculator", "calculator\0", "Calculator", "calculator ", "__init__", "%s%n", "{0.__class__}", ("c"):rep(100000), "\xff", "", "file_operations;calculator"} do
  if Tool.executeAsync(name, {input = "1"}).success then found = found + 1 end
  pcall(Tool.get, name)
  pcall(Tool.exists, name)
  pcall(Tool.discover, {category = name})
end
return found
