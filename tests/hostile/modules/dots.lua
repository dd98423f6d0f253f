-- title: names that climb out of the folder by dots
-- threat: T-MOD-1
-- verdict: ok
-- options: --allow-read {scene}
-- value: []
local opened = {}
for _, name in ipairs{"../outside", "..outside", "a/../../outside", "./../outside", "....outside", "a..b", ".", "..", "/", ""} do
  if pcall(require, name) then opened[#opened + 1] = name end
  if pcall(dofile, name .. ".lua") then opened[#opened + 1] = name .. ".lua" end
end
return next(opened) and opened or JSON.parse("[]")
