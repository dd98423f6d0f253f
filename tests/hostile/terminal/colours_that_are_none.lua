-- title: sequences that begin like a colour, and long ones that never end
-- threat: T-TERM-1
-- verdict: ok
-- passes: command terminal
io.write("\27[31mred\27[0m\27[31;\27[?25lm\27[", ("1;"):rep(5000), "m\27[31\nm\27[>4;2m\27[=5h\27[31;1z")
