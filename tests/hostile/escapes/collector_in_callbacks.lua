-- title: the collector is run from within everything that holds values on the stack of C
-- threat: T-ENG-3
-- verdict: ok
-- options: --cpu 4
-- value: "alive"
local function churn() for i = 1, 20 do local _ = {{}, tostring(i)} end collectgarbage() return "x" end
for i = 1, 20 do
  ("abc"):gsub(".", churn)
  table.sort({3, 2, 1}, function(a, b) churn() return a < b end)
  tostring(setmetatable({}, {__tostring = churn}))
  table.concat(setmetatable({}, {__index = churn, __len = function() return 3 end}))
  load(function() churn() return nil end)
  for _ in next, {1, 2} do churn() end
  local x <close> = setmetatable({}, {__close = churn})
end
return "alive"
