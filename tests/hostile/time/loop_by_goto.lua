-- title: goto and tail calls without a loop statement
-- threat: T-CPU-1
-- verdict: limit cpu
local function tail(n) if n == 0 then return 0 end return tail(n - 1) end
::again:: tail(1000) goto again
