-- title: links to a file, to a folder, to themselves, inside and outside
-- threat: T-MOD-1
-- verdict: ok
-- options: --allow-read {scene}
-- place: file real.lua return 1
-- place: link inside.lua real.lua
-- place: link outside.lua /etc/hostname
-- place: link folder /
-- place: link loop.lua loop.lua
-- place: link home.lua home/.ssh/id_rsa
-- value: 0
local opened = 0
for _, name in ipairs{"inside.lua", "outside.lua", "folder/etc/hosts.lua", "loop.lua", "home.lua", "folder/proc/self/environ.lua"} do
  if pcall(dofile, name) then opened = opened + 1 end
end
return opened
