-- title: absolute names, names with a drive, addresses, zero bytes, line ends
-- threat: T-MOD-1
-- verdict: ok
-- options: --allow-read {scene}
-- place: file here.lua return 1
-- value: 1
local opened = 0
for _, name in ipairs{"/etc/passwd", "/etc/hosts.lua", "C:\\here.lua", "file:///here.lua", "here.lua\0", "here\0.lua", "here.lua\n",
  " here.lua", "here.lua/", "./../here.lua", "//here.lua", "\\here.lua", "HERE.LUA", ("a/"):rep(3000) .. "here.lua"} do
  if pcall(dofile, name) then opened = opened + 1 end
end
return dofile("here.lua") + opened
