-- A module with a class, for examples/modules.lua: `require("lib.wizard")` gives the table below.
--
--   llmspell run examples/modules.lua

local text = require("lib.text") -- names start at the spell's folder, in modules too

local Wizard = {}
Wizard.__index = Wizard

function Wizard.new(name)
  return setmetatable({name = name, spells = {}}, Wizard)
end

function Wizard:learn(spell)
  self.spells[#self.spells + 1] = spell
  return self
end

function Wizard:describe()
  return self.name .. " knows " .. text.list(self.spells)
end

return Wizard
