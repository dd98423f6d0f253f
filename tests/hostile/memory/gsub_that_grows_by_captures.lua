-- title: a replacement that repeats its capture, fed with its own result
-- threat: T-MEM-1
-- verdict: limit memory
local s = "x"
while true do s = s:gsub(".+", "%0%0%0%0%0%0%0%0") end
