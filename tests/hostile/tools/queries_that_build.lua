-- title: short queries that build much: empty lists and maps, parts of texts and lists, sums of nothing
-- threat: T-TOOL-1
-- verdict: ok
-- passes: api
-- options: --allow-tool json-processor --timeout 60
-- value: 0
local list = "[" .. ("null,"):rep(99000) .. "null]"
local text = '"' .. ("ab,"):rep(100000) .. '"'
local copies = "[.,.,.,.,.,.,.,.,.,.,.]|[.[],.[],.[],.[],.[],.[],.[],.[],.[],.[]]|"
local queries = {
  {list, "map(" .. ("[],"):rep(100) .. "[])"}, {list, "map(" .. ("{},"):rep(100) .. "{})"},
  {text, copies .. "map(split(\",\"))"}, {list, copies .. "map(.[1:])"}, {list, copies .. "map(add)"},
  {list, copies .. "map(join(\"\"))"}, {text, copies .. "map(ascii_upcase)"},
  {'"[' .. ("{},"):rep(90000) .. '0]"', copies .. "map(fromjson)"},
  {'"' .. ("a"):rep(1 << 18) .. '\u{1f600}"', copies .. "map(. + .)"},
}
local worked = 0
for _, query in ipairs(queries) do
  local ask = {input = query[1], query = query[2] .. "|length"}
  if pcall(Tool.execute, "json-processor", ask) then worked = worked + 1 end
end
ask = {operation = "stream", input = ("{}\n"):rep(340000), query = "."}
return pcall(Tool.execute, "json-processor", ask) and worked + 1 or worked
