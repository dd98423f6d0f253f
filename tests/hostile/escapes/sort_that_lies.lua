-- title: comparators that contradict themselves, raise, and change what is sorted
-- threat: T-ENG-3
-- verdict: ok
-- value: "alive"
for i = 1, 30 do
  local t = {}
  for j = 1, 100 do t[j] = math.random(100) end
  pcall(table.sort, t, function() return true end)
  pcall(table.sort, t, function() t[#t + 1] = 1 t[1] = nil return math.random() < 0.5 end)
  pcall(table.sort, t, function(a, b) collectgarbage("step") return (a or 0) <= (b or 0) end)
end
return "alive"
