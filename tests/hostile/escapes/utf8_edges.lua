-- title: the utf8 library on what is no UTF-8, beyond its ends
-- threat: T-ENG-3
-- verdict: ok
-- value: "alive"
for _, text in ipairs{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf7\xbf\xbf\xbf", ("\x80"):rep(1000), "a\xcc", ""} do
  for _, at in ipairs{0, 1, -1, 1 << 40, math.mininteger, math.maxinteger} do
    pcall(utf8.codepoint, text, at, at) pcall(utf8.offset, text, at, at) pcall(utf8.len, text, at, -1, true)
    pcall(function() for _ in utf8.codes(text, true) do end end)
  end
end
pcall(utf8.char, 0x7FFFFFFF, -1)
return "alive"
