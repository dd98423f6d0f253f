local kept = {}
for i = 1, math.huge do kept[i] = (i .. " "):rep(200) end
