-- title: a branch of parallel that never gives way, beside one that waits for its answer
-- threat: T-CPU-1
-- verdict: limit cpu
parallel{function() sleep(0.01) end, function() while true do end end}
