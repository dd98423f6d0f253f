-- title: a finalizer that is left for the end of the state
-- threat: T-CPU-3
-- verdict: ok
-- kept: last line\n
-- never: finalized
KEPT = setmetatable({}, {__gc = function() print("finalized") while true do end end})
print("last line")
