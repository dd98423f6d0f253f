-- title: maps whose keys are floats, booleans, bytes, tables, huge, or all of them
-- threat: T-ENG-4
-- verdict: ok
-- value: [false, false, false, false, false, false]
local results = {}
for i, key in ipairs{1.5, true, "\xff", {}, 1 << 62, ("k"):rep(5 << 20)} do
  results[i] = (pcall(Tool.execute, "json-processor", {input = {[key] = 1, other = 2}}))
end
return results
