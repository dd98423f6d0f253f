-- title: a variable that never closes, on the way of an error
-- threat: T-CPU-3
-- verdict: limit cpu
local x <close> = setmetatable({}, {__close = function() while true do end end})
error("on the way")
