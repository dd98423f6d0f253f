-- title: compiled code is loaded, in every way that load knows
-- threat: T-LANG-2
-- verdict: ok
-- value: [false, false, false, false]
local header = "\27Lua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08xV\0\0\0\0\0\0\0\0\0\0\0(w@\x01"
local results = {}
for i, mode in ipairs{"b", "bt", "t", "anything"} do
  local fine, chunk = pcall(load, header .. ("\0"):rep(100), "chunk", mode)
  results[i] = fine and chunk ~= nil
end
return results
