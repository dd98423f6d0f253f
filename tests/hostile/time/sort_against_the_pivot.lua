-- title: a comparator that makes sorting quadratic
-- threat: T-CPU-2
-- verdict: limit cpu
-- options: --cpu 0.5
local t, solid, candidate = {}, 0, 0
local gas = math.huge
local value = {}
for i = 1, 200000 do t[i] = i value[i] = gas end
table.sort(t, function(a, b)
  if value[a] == gas and value[b] == gas then
    solid = solid + 1
    if a == candidate then value[a] = solid else value[b] = solid end
  end
  if value[a] == gas then candidate = a elseif value[b] == gas then candidate = b end
  return value[a] < value[b]
end)
for i = 1, 20 do table.sort(t, function(a, b) return a > b end) table.sort(t) end
while true do table.sort(t) end
