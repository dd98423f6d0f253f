-- title: the name of the script steers the terminal
-- threat: T-TERM-2
-- verdict: error runtime
-- passes: command api terminal
-- script: \x1b[2J\x1b]0;owned\x07\r\n.lua
-- never: \x1b
error("here")
