-- title: Ctrl-C twice while a finalizer never ends
-- threat: T-LIFE-3
-- verdict: cancelled 130
-- send: INT+INT host
-- kept: ready\n
setmetatable({}, {__gc = function() print("ready") while true do end end})
collectgarbage()
