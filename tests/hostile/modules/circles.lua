-- title: modules that require themselves and each other, in branches and coroutines
-- threat: T-MOD-3
-- verdict: ok
-- options: --allow-read {scene}
-- place: file self.lua return require("self")
-- place: file a.lua return require("b")
-- place: file b.lua return require("c")
-- place: file c.lua return require("a")
-- value: [false, false, false, false]
local results = {(pcall(require, "self")), (pcall(require, "a"))}
local branches = parallel{function() return (pcall(require, "b")) end, function() return (pcall(require, "c")) end}
return {results[1], results[2], branches[1], branches[2]}
