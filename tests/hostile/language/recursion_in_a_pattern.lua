-- title: a pattern that recurses in C
-- threat: T-LANG-5
-- verdict: ok
-- value: [false, false]
local long = ("a"):rep(500000)
return {(pcall(string.find, long, ("a?"):rep(300000) .. "b")), (pcall(string.find, long, ("("):rep(200000)))}
