-- title: the same on the script's stderr
-- threat: T-TERM-1
-- verdict: ok
-- passes: command terminal
io.stderr:write("\27]52;c;cm0gLXJmIC8=\7\27[2K\27[1A\u{9d}0;x\u{9c}\8\8\8")
