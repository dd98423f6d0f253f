-- title: code is given environments that lie
-- threat: T-ENG-2
-- verdict: ok
-- value: [false, false, true]
local lie = setmetatable({}, {__index = function(_, name) return _G[name] end, __newindex = function() error("no", 0) end})
local chunk = load("local _ENV <const> = nil; return x")
local global = load("x = 1", "c", "t", lie)
return {(pcall(chunk)), (pcall(global)), load("return _ENV", "c", "t", nil)() == nil}
