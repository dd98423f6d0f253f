-- title: a branch of parallel yields what the adapter itself yields
-- threat: T-LANG-6
-- verdict: error runtime
local captured
local co = coroutine.wrap(function() return sleep(0) end)
captured = co()
return parallel{
  function() return (pcall(coroutine.yield, captured, 1)) end,
  function() return (pcall(coroutine.yield, {}, {})) end,
  function() return coroutine.close(coroutine.running()) end,
}
