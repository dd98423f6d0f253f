-- title: a file that is no script leaks by the message about it
-- threat: T-SEC-2
-- verdict: error validation
-- command: run
-- place: file notes.lua the password is "hunter2, and this does not parse
-- never: hunter2
require("notes")
