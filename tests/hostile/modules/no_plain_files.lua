-- title: modules that are a pipe, a device, a folder, a socket's place
-- threat: T-MOD-2
-- verdict: ok
-- options: --allow-read {scene}
-- place: pipe pipe.lua
-- place: folder folder.lua
-- place: link zero.lua /dev/zero
-- place: folder packed
-- value: 0
local opened = 0
for _, name in ipairs{"pipe", "folder", "zero", "packed"} do
  if pcall(require, name) then opened = opened + 1 end
end
return opened
