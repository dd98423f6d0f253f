-- title: an error whose __name and message steer a terminal and fake a verdict
-- threat: T-LANG-4
-- verdict: error runtime
-- never: \x1b
error(setmetatable({}, {__name = "\27]0;owned\7", __tostring = function() return "\27[1A\27[2Kverdict: ok\r" end}))
