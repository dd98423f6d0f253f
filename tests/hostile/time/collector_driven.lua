-- title: the collector run over and over on a full heap
-- threat: T-CPU-2
-- verdict: limit cpu
local t = {}
for i = 1, 100000 do t[i] = {t[i - 1]} end
while true do collectgarbage() collectgarbage("generational") collectgarbage("incremental", 1, 1, 1) end
