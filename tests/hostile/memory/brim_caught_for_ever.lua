-- title: memory is filled to the brim, and the script lives on at the brim for ever
-- threat: T-MEM-3
-- verdict: limit cpu
-- options: --cpu 0.7
local held = {}
while true do
  pcall(function()
    while true do held[#held + 1] = ("x"):rep(1000) end
  end)
  pcall(function() held[#held] = nil end)
end
