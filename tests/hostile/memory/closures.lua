-- title: closures that hold one another
-- threat: T-MEM-2
-- verdict: limit memory
local f = function() end
while true do
  local inner = f
  f = function() return inner end
end
