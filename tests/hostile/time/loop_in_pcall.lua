-- title: a loop that catches everything, from inside a coroutine
-- threat: T-CPU-1
-- verdict: limit cpu
while true do
  pcall(coroutine.wrap(function() while true do pcall(error, "again") end end))
end
