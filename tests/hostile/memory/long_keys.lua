-- title: names of fields that are a megabyte long
-- threat: T-MEM-2
-- verdict: limit memory
local t, stem = {}, ("k"):rep(1 << 20)
for i = 1, math.huge do t[stem .. i] = true end
