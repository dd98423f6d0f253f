-- title: an error that carries the adapter's own message for memory through a coroutine and a call
-- threat: T-ENG-2
-- verdict: limit memory
local fine, why = pcall(string.rep, "x", 1 << 30)
local co = coroutine.create(function() error(why, 0) end)
local _, again = coroutine.resume(co)
error(again, 0)
