-- title: a source that is small for its size in memory: a table of two million numbers
-- threat: T-MEM-4
-- verdict: limit memory
local chunk = "return {" .. ("0,"):rep(2000000) .. "}"
local made, why = load(chunk)
if not made then error(why, 0) end
return #made()
