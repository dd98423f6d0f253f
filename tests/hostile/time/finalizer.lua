-- title: a finalizer that never ends
-- threat: T-CPU-3
-- verdict: limit cpu
setmetatable({}, {__gc = function() while true do end end})
collectgarbage()
