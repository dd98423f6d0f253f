-- title: table.move over all the integers there are
-- threat: T-CPU-2
-- verdict: limit cpu
table.move({}, 1, math.maxinteger - 1, 2, setmetatable({}, {__newindex = function() end}))
