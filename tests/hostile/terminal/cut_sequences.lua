-- title: sequences cut into pieces, and pieces of other characters between them
-- threat: T-TERM-1
-- verdict: ok
-- passes: command terminal
-- kept: 0;title
for _, piece in ipairs{"\27", "]0;title", "\7", "\xc2", "\x9b", "2J", "\27[", "31", ";", "\27[2J", "\xe2\x80", "\xae", "x\27"} do
  io.write(piece)
  sleep(0.005)
end
