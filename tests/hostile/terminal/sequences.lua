-- title: every control character and sequence, of seven and of eight bits
-- threat: T-TERM-1
-- verdict: ok
-- passes: command terminal
for i = 0, 31 do io.write(string.char(i), "|") end
io.write("\127\27]0;title\7\27]8;;http://x\27\\\27[2J\27[1;1H\27[?1049h\27c\27(0\27P1$r0m\27\\\27_x\27\\\27^x\27\\\27[6n\27[5i")
for i = 0x80, 0x9f do io.write(utf8.char(i), "|") end
