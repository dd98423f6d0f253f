-- title: the oddest formats that format, pack and unpack take
-- threat: T-ENG-3
-- verdict: ok
-- value: 0
local odd = 0
local function try(f, ...) local fine, why = pcall(f, ...) if not fine and type(why) ~= "string" then odd = odd + 1 end end
for _, format in ipairs{"%n", "%99d", "%.99f", "%5$s", "%", "%-+ #0123d", "%q", "%a", "%.3q", "%i", "%p", "%c%c%c%c", ("%s"):rep(250)} do
  for _, value in ipairs{0, -1, 1 << 63, 0 / 0, 1e308, "\0\r\n\"", {}, print, "x"} do try(string.format, format, value, value) end
end
for _, format in ipairs{"i17", "!17", "s0", "z", "Xi", "X", "!4 i8 Xi16", "j", "c999999999", ("<>="):rep(1000), "i16", "I16", "f d n", "s8"} do
  try(string.pack, format, -1, -1, -1)
  try(string.unpack, format, ("\xff"):rep(64), -1)
  try(string.unpack, format, ("\xff"):rep(64), math.mininteger)
  try(string.packsize, format)
end
return odd
