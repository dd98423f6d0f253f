-- title: an error whose message steers the terminal
-- threat: T-TERM-2
-- verdict: error runtime
-- passes: command api terminal
-- never: \x1b
-- never: \x9b
error("\27[2J\27]0;owned\7\u{9b}2J\r\8\127\u{202e}", 0)
