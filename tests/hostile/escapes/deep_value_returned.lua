-- title: a result a million levels deep
-- threat: T-ENG-4
-- verdict: error validation
-- options: --cpu 4
local t = {}
for i = 1, 200000 do t = {t} end
return t
