-- title: queries that multiply their results, and never come to an end
-- threat: T-TOOL-1
-- verdict: ok
-- options: --allow-tool json-processor --timeout 10
-- value: 0
local list, worked = {}, 0
for i = 1, 300 do list[i] = i end
for _, query in ipairs{
  ".[] | .[] | .[]", "[.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]] | [.[] , .[]]",
  "map(map(map(map(.))))", ("map("):rep(60) .. "." .. (")"):rep(60), ("."):rep(3000), ".[0:99999999999999999999]", ".[99999999999999999999]",
  "[.[] + (.[] )]", "recurse", "def f: f; f", "input", "env", "$ENV", "@base64", "\"\\(1)\"", "limit(1;.)", "tojson * 1000000", ".[] as $x | $x",
} do
  local fine, result = pcall(Tool.execute, "json-processor", {input = list, query = query})
  if fine and #JSON.stringify(result.result) > (2 << 20) then worked = worked + 1 end
end
return worked
