-- title: small tables without end
-- threat: T-MEM-2
-- verdict: limit memory
-- says: tables.lua:8
-- kept: before\n
print("before")
local t = {}
while true do t[#t + 1] = {} end
