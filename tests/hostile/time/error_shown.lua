-- title: an uncaught error whose text is never there
-- threat: T-CPU-3
-- verdict: limit cpu
-- kept: before\n
print("before")
error(setmetatable({}, {__tostring = function() while true do end end}))
