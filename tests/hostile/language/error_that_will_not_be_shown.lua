-- title: an error whose __tostring raises itself
-- threat: T-LANG-4
-- verdict: error runtime
-- kept: before\n
print("before")
local problem
problem = setmetatable({}, {__tostring = function() error(problem) end, __name = "\27[2J\0", __metatable = false})
error(problem)
