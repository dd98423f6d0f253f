-- title: an empty loop
-- threat: T-CPU-1
-- verdict: limit cpu
-- kept: before\n
print("before")
while true do end
