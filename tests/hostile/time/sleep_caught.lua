-- title: sleeps of every hostile length, caught, in many branches
-- threat: T-WALL-1
-- verdict: limit wall
-- options: --timeout 0.7
local all = {}
for i, seconds in ipairs{-1, 0 / 0, math.huge, 1 << 62, "1e9", 86401, 1e300} do
  all[i] = function() pcall(sleep, seconds) while true do sleep(1000) end end
end
parallel(all)
