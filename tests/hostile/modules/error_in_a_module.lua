-- title: a module whose error steers the terminal and has a position of its own
-- threat: T-MOD-3
-- verdict: error runtime
-- options: --allow-read {scene}
-- place: file bad.lua \n\nerror("\\27[2Jbad")
-- says: bad.lua
-- never: \x1b
require("bad")
