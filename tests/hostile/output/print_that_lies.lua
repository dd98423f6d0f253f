-- title: print of values whose __tostring prints, raises and gives no text
-- threat: T-OUT-2
-- verdict: error runtime
-- kept: inner\n
local function with(f) return setmetatable({}, {__tostring = f}) end
print(with(function() print("inner") return "outer" end))
print((pcall(print, with(function() return 5 end))))
print(with(function() error("raised") end))
