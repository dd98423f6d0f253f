-- title: io.stdout and print are replaced, given away and called with foreign selves
-- threat: T-OUT-2
-- verdict: ok
-- kept: real\n
local write, real = io.write, print
io.stdout, io.stderr, print = nil, nil, nil
pcall(write, {}, {}, {})
pcall(write, setmetatable({}, {__tostring = function() return "forged" end}))
real("real")
