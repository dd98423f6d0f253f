-- title: calls that only finalizers make, to get around their count
-- threat: T-CALL-1
-- verdict: limit calls
-- options: --max-calls 50 --cpu 3
local function plant()
  setmetatable({}, {__gc = function() Tool.list() plant() end})
end
plant()
while true do collectgarbage() end
