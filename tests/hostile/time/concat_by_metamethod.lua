-- title: table.concat of a table that says it is without end
-- threat: T-CPU-2
-- verdict: limit cpu
return table.concat(setmetatable({}, {__index = function() return "" end}), "", 1, 1 << 60)
