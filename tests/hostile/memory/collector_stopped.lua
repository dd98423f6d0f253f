-- title: the collector is stopped, and garbage made: what is refused makes Lua collect all the same
-- threat: T-MEM-5
-- verdict: limit cpu
collectgarbage("stop")
for i = 1, math.huge do local garbage = ("x"):rep(20000) .. i end
