-- title: a module beside a sandboxed script, whose folder was not granted
-- threat: T-MOD-1
-- verdict: denied
-- place: file beside.lua return 1
require("beside")
