-- title: a module of a gigabyte
-- threat: T-MOD-2
-- verdict: ok
-- options: --allow-read {scene}
-- place: huge large.lua 1073741824
-- place: huge limit.lua 5000000
-- value: [false, false]
return {(pcall(require, "large")), (pcall(require, "limit"))}
