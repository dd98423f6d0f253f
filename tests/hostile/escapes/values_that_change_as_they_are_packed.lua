-- title: tables whose finalizers and metamethods change them while they are packed
-- threat: T-ENG-4
-- verdict: ok
-- options: --cpu 4 --allow-tool json-processor
-- value: "alive"
local shared = {}
for i = 1, 200 do shared["k" .. i] = {i, ("x"):rep(i)} end
local function plant()
  setmetatable({}, {__gc = function()
    for i = 1, 200, 7 do shared["k" .. i] = nil shared["n" .. math.random(500)] = {i} end
    plant()
  end})
end
plant()
for i = 1, 60 do pcall(Tool.execute, "json-processor", {input = shared, query = "."}) collectgarbage("step") end
return "alive"
