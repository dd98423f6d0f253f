-- title: ten thousand branches with a call each
-- threat: T-CALL-1
-- verdict: limit calls
-- options: --max-calls 500 --cpu 4 --timeout 15
local all = {}
for i = 1, 10000 do all[i] = function() return Tool.exists("calculator") end end
parallel(all)
