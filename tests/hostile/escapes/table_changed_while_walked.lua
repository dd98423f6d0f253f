-- title: tables that grow, shrink and rehash while they are walked, in both collector modes
-- threat: T-ENG-3
-- verdict: ok
-- value: "alive"
for _, mode in ipairs{"generational", "incremental"} do
  collectgarbage(mode)
  for i = 1, 100 do
    local t = setmetatable({}, {__mode = i % 2 == 0 and "k" or "v"})
    for j = 1, 50 do t[{}] = {} t[j] = {} end
    pcall(function() for k in next, t do t[k] = nil t[{}] = {} collectgarbage("step", 10) end end)
  end
end
return "alive"
