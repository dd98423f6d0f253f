-- title: metamethods that call one another
-- threat: T-CPU-1
-- verdict: limit cpu
local meta = {}
meta.__lt = function(a, b) return not (b < a) end
meta.__eq = function(a, b) while true do local _ = {} end end
return setmetatable({}, meta) == setmetatable({}, meta)
