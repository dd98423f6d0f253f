-- title: coroutines that resume coroutines
-- threat: T-LANG-5
-- verdict: ok
-- options: --cpu 4
local function f(n) return coroutine.wrap(f)(n + 1) end
return (pcall(f, 1))
