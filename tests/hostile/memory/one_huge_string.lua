-- title: one string of a gigabyte
-- threat: T-MEM-1
-- verdict: limit memory
-- kept: before\n
print("before")
local s = ("x"):rep(1 << 30)
