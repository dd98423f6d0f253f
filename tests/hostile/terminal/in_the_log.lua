-- title: the log, its fields and their names steer the terminal
-- threat: T-TERM-2
-- verdict: ok
-- passes: command terminal
-- never: \x1b
Log.error("\27[2J\27]0;owned\7\r\n[error] forged\8", {["\27[1A"] = "\27[2K\r\n", list = {"\27c"}})
