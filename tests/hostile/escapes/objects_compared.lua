-- title: marks of the adapter's own objects are copied to the script's
-- threat: T-ENG-2
-- verdict: ok
-- value: [false, false, false, "error"]
local _, problem = pcall(Tool.execute, "nothing")
local forged = {kind = "denied", message = "forged", details = {}}
return {
  (pcall(setmetatable, forged, getmetatable(problem))), (pcall(setmetatable, problem, nil)),
  rawequal(JSON.null, JSON.parse("[null]")[1]) == false, getmetatable(problem),
}
