-- title: as many values at once as a stack may hold, and more
-- threat: T-ENG-3
-- verdict: ok
-- value: [false, false, false, true]
local many = {}
for i = 1, 300000 do many[i] = i end
local function spread(...) return select("#", ...) end
return {
  (pcall(table.unpack, {}, 1, 1 << 31)), (pcall(table.unpack, {}, math.mininteger, math.maxinteger)),
  (pcall(function() return spread(table.unpack(many), table.unpack(many, 1, 1 << 30)) end)),
  spread(table.unpack(many)) == 300000,
}
