-- title: __tostring that prints itself
-- threat: T-LANG-5
-- verdict: error runtime
local t
t = setmetatable({}, {__tostring = function() return "x" .. tostring(t) end})
print(t)
