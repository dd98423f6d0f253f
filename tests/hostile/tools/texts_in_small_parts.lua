-- title: texts of many words and lines, each of which would be an object of the host, two at a time
-- threat: T-TOOL-1
-- verdict: ok
-- passes: api
-- options: --allow-tool text-manipulator --timeout 20 --cpu 4
local wide, words, lines = ("\u{410}"):rep(520000), ("ab_"):rep(349000), ("ab\n"):rep(349000)
local spaced, one = ("\u{410} "):rep(349000), ("ab "):rep(349000) .. "\u{1f600}"
for _, call in ipairs{
  {"word_wrap", wide, {width = 1}}, {"indent", lines, {spaces = 1}}, {"camel_case", words, {}}, {"dedent", lines, {}},
  {"normalize_whitespace", spaced, {}}, {"word_wrap", one, {width = 2}},
} do
  local function ask() pcall(Tool.execute, "text-manipulator", {operation = call[1], input = call[2], options = call[3]}) end
  parallel{ask, ask}
  collectgarbage()
end
