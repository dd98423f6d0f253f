-- Modules: `require` loads Lua files beside the spell, and nothing outside its folder.
-- `lib.wizard` is examples/lib/wizard.lua; `lib.text` is examples/lib/text/init.lua.
--
--   llmspell run examples/modules.lua

local wizard = require("lib.wizard")
local text = require("lib.text")

print(text.title("modules"))
local merlin = wizard.new("Merlin")
merlin:learn("light"):learn("levitation")
print(merlin:describe())

-- A module is loaded once; the second `require` gives the same table.
print("loaded once: " .. tostring(require("lib.wizard") == wizard))

-- `dofile` runs a file each time, by its path.
print("dofile: " .. dofile("lib/wizard.lua").new("Morgana"):describe())

-- What leaves the folder, or is no Lua file, is refused.
for _, name in ipairs{"lib/../../README.md", "data/notes.txt", "/etc/passwd"} do
  local fine, problem = pcall(dofile, name)
  print(name .. ": " .. (fine and "loaded" or problem.kind))
end
