-- title: an empty loop
-- threat: T-CPU-1
-- verdict: limit cpu
-- options: --cpu 0.3
-- kept: before\n
print("before")
while true do end
