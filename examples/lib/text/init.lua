-- A module that is a folder, for examples/modules.lua: `require("lib.text")` finds lib/text/init.lua.
--
--   llmspell run examples/modules.lua

local text = {}

function text.title(words)
  return "== " .. words:upper() .. " =="
end

function text.list(items)
  if #items == 0 then return "nothing yet" end
  return table.concat(items, " and ")
end

return text
