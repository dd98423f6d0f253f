-- title: a result that holds itself
-- threat: T-ENG-4
-- verdict: error validation
local t = {}
t.inner = {t}
return t
