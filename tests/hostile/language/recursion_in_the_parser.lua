-- title: a source nested a hundred thousand deep
-- threat: T-LANG-5
-- verdict: ok
-- value: [false, false, false, false, false]
local results = {}
for i, pair in ipairs{{"(", ")"}, {"{", "}"}, {"function() return ", " end"}, {"do ", " end"}, {"- ", ""}} do
  local head = i == 4 and "" or "return "
  results[i] = load(head .. pair[1]:rep(100000) .. (i == 4 and "" or "1") .. pair[2]:rep(100000)) ~= nil
end
return results
