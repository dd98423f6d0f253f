-- title: a refused allocation is caught and tried again for ever
-- threat: T-MEM-3
-- verdict: limit cpu
-- options: --cpu 0.5
-- kept: before\n
print("before")
while true do pcall(string.rep, "x", 1 << 30) end
