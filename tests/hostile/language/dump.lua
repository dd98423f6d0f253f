-- title: string.dump by every road to it
-- threat: T-LANG-2
-- verdict: ok
-- value: [null, null, null, 1]
local f = function() end
local roads = {string.dump or JSON.null, ("").dump or JSON.null, getmetatable("").__index.dump or JSON.null, 1}
return roads
