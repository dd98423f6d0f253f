-- title: schemas of which every error tells the whole value, and alternatives that keep the errors of each
-- threat: T-TOOL-1
-- verdict: ok
-- passes: api
-- options: --allow-tool json-processor --timeout 20 --cpu 4
local text = '"' .. ("a"):rep(1000000) .. '\u{1f600}"'
local list = "[" .. ("0,"):rep(95000) .. "0]"
local alternatives = {}
for i = 1, 24 do alternatives[i] = {type = "integer"} end
for _, call in ipairs{{text, {anyOf = alternatives}}, {list, {anyOf = {{items = {type = "string"}}}}}} do
  local function ask() pcall(Tool.execute, "json-processor", {operation = "validate", input = call[1], schema = call[2]}) end
  parallel{ask, ask}
end
