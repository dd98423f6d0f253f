-- title: string.format that shows one megabyte two hundred times
-- threat: T-MEM-1
-- verdict: limit memory
local piece, all = ("x"):rep(1 << 20), {}
for i = 1, 200 do all[i] = piece end
return #string.format(("%s"):rep(200), table.unpack(all))
