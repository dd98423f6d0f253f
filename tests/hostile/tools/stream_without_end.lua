-- title: a stream of the script's own that never ends, collected
-- threat: T-MEM-2
-- verdict: limit memory
-- options: --cpu 5
return #Streaming.create(function() while true do Streaming.yield({}) end end).collect()
