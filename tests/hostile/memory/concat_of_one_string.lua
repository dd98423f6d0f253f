-- title: table.concat of a thousand times the same megabyte
-- threat: T-MEM-1
-- verdict: limit memory
local piece, t = ("x"):rep(1 << 20), {}
for i = 1, 1000 do t[i] = piece end
return #table.concat(t)
