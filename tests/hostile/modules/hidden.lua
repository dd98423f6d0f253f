-- title: hidden files and files in hidden folders
-- threat: T-MOD-1
-- verdict: ok
-- options: --allow-read {scene}
-- place: file .hidden.lua return 1
-- place: file .git/config.lua return 1
-- place: file open/.inner/x.lua return 1
-- value: 0
local opened = 0
for _, name in ipairs{".hidden.lua", ".git/config.lua", "open/.inner/x.lua", "open/../.hidden.lua", "./.hidden.lua"} do
  if pcall(dofile, name) then opened = opened + 1 end
end
for _, name in ipairs{".hidden", ".git.config", "open..inner.x", "open/.inner/x"} do
  if pcall(require, name) then opened = opened + 1 end
end
return opened
