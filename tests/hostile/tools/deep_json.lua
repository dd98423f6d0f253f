-- title: JSON a hundred thousand deep, and as wide, for the tool that reads it
-- threat: T-TOOL-3
-- verdict: ok
-- options: --allow-tool json-processor --timeout 10
-- value: 0
local parsed = 0
for _, text in ipairs{("["):rep(100000), ("["):rep(100000) .. ("]"):rep(100000), ('{"a":'):rep(50000) .. "1" .. ("}"):rep(50000),
  "[" .. ("0,"):rep(400000) .. "0]", "1" .. ("0"):rep(5000), "1e999999", '"\\ud800"', '{"a":1,"a":2', "\u{feff}{}", "NaN", "// x\n1"} do
  local fine = pcall(Tool.execute, "json-processor", {operation = "query", input = text, query = ".."})
  if fine then parsed = parsed + 1 end
end
return parsed
