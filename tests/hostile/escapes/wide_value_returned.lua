-- title: a result with more values than a frame may hold
-- threat: T-ENG-4
-- verdict: error validation
local t = {}
for i = 1, 300000 do t[i] = true end
return t
