-- title: one table that doubles its array, and the doubling is what does not fit
-- threat: T-MEM-1
-- verdict: limit memory
local t = {}
for i = 1, math.huge do t[i] = i end
