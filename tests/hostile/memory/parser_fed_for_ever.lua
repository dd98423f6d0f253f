-- title: load is fed by a function that never ends
-- threat: T-MEM-4
-- verdict: limit memory
local chunk, why = load(function() return "g = {f(), 'text', 1.5} " end)
error(why, 0)
