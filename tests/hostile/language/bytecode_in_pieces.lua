-- title: compiled code is loaded byte by byte from a function
-- threat: T-LANG-2
-- verdict: ok
-- value: false
local bytes, at = "\27Lua\x54\x00\x19\x93\r\n\x1a\n", 0
local chunk = load(function() at = at + 1 return at <= #bytes and bytes:sub(at, at) or nil end, "=x", "b")
return chunk ~= nil
