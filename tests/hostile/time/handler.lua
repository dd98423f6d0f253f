-- title: an error handler that never ends
-- threat: T-CPU-3
-- verdict: limit cpu
-- options: --cpu 0.3
xpcall(error, function() while true do end end)
