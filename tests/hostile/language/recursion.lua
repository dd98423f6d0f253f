-- title: a function that calls itself, not as its last act
-- threat: T-LANG-5
-- verdict: error runtime
-- kept: before\n
print("before")
local function f(n) return 1 + f(n + 1) end
return f(1)
