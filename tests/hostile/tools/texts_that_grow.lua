-- title: small texts that a tool makes large: replaced, indented, padded, joined, wrapped
-- threat: T-TOOL-1
-- verdict: ok
-- options: --allow-tool text-manipulator --timeout 10 --cpu 4
-- value: 0
local large, megabyte = 0, ("a"):rep(1 << 20)
for _, call in ipairs{
  {"replace", megabyte, {from = "a", to = megabyte}}, {"replace", megabyte, {from = "", to = megabyte}},
  {"indent", ("\n"):rep(1 << 20), {spaces = 1 << 30}}, {"indent", "x", {spaces = 1 << 62}}, {"truncate", "x", {max_length = -1}},
  {"word_wrap", megabyte, {width = 1}}, {"word_wrap", megabyte, {width = 0}}, {"split", megabyte, {delimiter = ""}},
  {"split", megabyte, {delimiter = "a"}}, {"substring", megabyte, {start = -1 << 62, ["end"] = 1 << 62}},
  {"join", {megabyte, megabyte}, {delimiter = megabyte}}, {"snake_case", ("A"):rep(1 << 20), {}}, {"uppercase", ("\u{df}"):rep(500000), {}},
} do
  local fine, result = pcall(Tool.execute, "text-manipulator", {operation = call[1], input = call[2], options = call[3]})
  if fine and type(result.result.result) == "string" and #result.result.result > (4 << 20) then large = large + 1 end
end
return large
