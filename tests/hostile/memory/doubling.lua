-- title: a string doubled until nothing is left
-- threat: T-MEM-1
-- verdict: limit memory
-- kept: before\n
print("before")
local s = "x"
while true do s = s .. s end
