-- title: an error handler that never ends
-- threat: T-CPU-3
-- verdict: limit cpu
xpcall(error, function() while true do end end)
