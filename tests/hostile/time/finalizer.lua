-- title: a finalizer that never ends
-- threat: T-CPU-3
-- verdict: limit cpu
-- options: --cpu 0.3
setmetatable({}, {__gc = function() while true do end end})
collectgarbage()
