-- title: pcall inside pcall until the stack of C ends
-- threat: T-LANG-5
-- verdict: ok
-- options: --cpu 4
-- value: "over"
local function f() return pcall(f) end
f()
return "over"
