-- title: one string of a gigabyte, asked for again after the refusal was caught
-- threat: T-MEM-1
-- verdict: ok
-- value: [false, false]
local first = pcall(string.rep, "x", 1 << 30)
local second, why = pcall(string.rep, "x", 1 << 24, ("separator"):rep(20))
return {first, second}
