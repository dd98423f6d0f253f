-- title: a returned value whose length never ends
-- threat: T-CPU-3
-- verdict: ok
-- options: --cpu 0.3
return setmetatable({1, 2}, {__len = function() while true do end end, __pairs = function() while true do end end,
  __index = function() while true do end end})
