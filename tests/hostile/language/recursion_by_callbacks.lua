-- title: recursion through the callbacks of gsub, sort and load
-- threat: T-LANG-5
-- verdict: ok
-- options: --cpu 4
-- value: [false, false, false]
local function by_gsub() return (("x"):gsub("x", by_gsub)) end
local function by_sort() table.sort({2, 1, 3}, by_sort) return false end
local function by_load() local chunk, why = load(by_load) error(why) end
return {(pcall(by_gsub)), (pcall(by_sort)), (pcall(by_load))}
