-- title: table.insert in front of a table whose length is a lie
-- threat: T-CPU-2
-- verdict: limit cpu
table.insert(setmetatable({}, {__len = function() return 1 << 60 end, __index = function() end, __newindex = function() end}), 1, 1)
