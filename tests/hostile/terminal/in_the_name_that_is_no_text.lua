-- title: a name of the script that is no text
-- threat: T-TERM-2
-- verdict: error runtime
-- passes: command terminal
-- script: \xff\x9b2J\xc2\x9b.lua
error("here")
