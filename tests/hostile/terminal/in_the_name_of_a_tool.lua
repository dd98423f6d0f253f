-- title: the name of a tool that is not there steers the terminal
-- threat: T-TERM-2
-- verdict: error not_found
-- passes: command api terminal
-- never: \x1b
Tool.execute("\27[2J\27]0;owned\7calculator", {})
