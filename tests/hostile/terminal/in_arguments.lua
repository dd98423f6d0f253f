-- title: an option that is none steers the terminal
-- threat: T-TERM-2
-- verdict: usage
-- passes: command terminal
-- options: --engine \x1b[2J
-- never: \x1b
return 1
