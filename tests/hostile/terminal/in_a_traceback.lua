-- title: names of functions and chunks in a traceback steer the terminal
-- threat: T-TERM-2
-- verdict: error runtime
-- passes: command api terminal
-- never: \x1b
local chunk = load("local function f() error(...) end f('x') return 1", "@\27[2J\27]0;owned\7\r\n.lua")
_G["\27[31m"] = function() chunk() return 1 end
_G["\27[31m"]()
