-- title: the line of the source that an error points to steers the terminal
-- threat: T-TERM-2
-- verdict: error runtime
-- passes: command terminal
-- never: \x1b
local x = nil x.y = 1 -- [2J]0;owned and much more of it [1A[2K
