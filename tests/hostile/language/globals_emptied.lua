-- title: all globals are taken away, and their table given a trap
-- threat: T-LANG-3
-- verdict: error runtime
-- kept: before\n
print("before")
local all, set, fail = _G, setmetatable, error
for name in next, all do all[name] = nil end
set(all, {__index = function() fail("trap", 0) end, __newindex = function() fail("trap", 0) end})
return nothing
