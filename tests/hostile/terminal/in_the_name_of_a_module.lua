-- title: the name of a module steers the terminal
-- threat: T-TERM-2
-- verdict: denied
-- passes: command api terminal
-- options: --allow-read {scene}
-- never: \x1b
require("\27[2J\27]0;owned\7")
