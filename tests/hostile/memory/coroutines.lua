-- title: suspended coroutines without end, each with a stack of its own
-- threat: T-MEM-2
-- verdict: limit memory
local held = {}
while true do
  local co = coroutine.create(function(...) coroutine.yield(...) end)
  coroutine.resume(co, table.unpack({}, 1, 200))
  held[#held + 1] = co
end
