-- title: package.loaded is spoiled, and what was in it is asked for again
-- threat: T-MOD-3
-- verdict: ok
-- options: --allow-read {scene}
-- place: file good.lua return {good = true}
-- value: [false, true, "forged"]
local fine = pcall(function()
  package.loaded.good = setmetatable({}, {__index = function() error("trap") end})
  return require("good").good
end)
package.loaded.good = nil
local good = require("good").good
package.loaded = setmetatable({}, {__index = function() error("trap") end})
package.path, package.preload = nil, {good = print}
local name = require("good") and "forged"
return {fine, good, name}
