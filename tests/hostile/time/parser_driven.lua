-- title: the parser run over and over
-- threat: T-CPU-2
-- verdict: limit cpu
local chunk = ("local a <const> = {(((1)))} goto l%d ::l%d:: "):rep(1):format(1, 1)
while true do load("do " .. chunk .. "end") end
