-- title: finalizers that bring their object back and make two more
-- threat: T-MEM-5
-- verdict: limit memory | limit cpu
-- options: --cpu 0.7
GRAVE = {}
local meta = {}
meta.__gc = function(object)
  GRAVE[#GRAVE + 1] = object
  for i = 1, 2 do setmetatable({("x"):rep(2000)}, meta) end
end
for i = 1, 10 do setmetatable({}, meta) end
while true do collectgarbage() end
