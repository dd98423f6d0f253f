-- title: debug.getinfo of Lua 5.1 takes its own options for a function, and a zero byte ends them before what hides the adapter
-- threat: T-ENG-3
-- verdict: ok
-- options: --engine lua@5.1
-- passes: command
-- value: [16, 0]
local refused, shown = 0, 0
local levels = {0, 1, 2, print, Tool.execute, -1, 99, 3, 1.5}
for _, options in ipairs{">", ">f", ">S", ">nSluf", ">L", ">\0", "f\0", "\0", "f\0>"} do
  for _, level in ipairs(levels) do
    local fine, info = pcall(debug.getinfo, level, options)
    if options == ">f" and not fine then refused = refused + 1 end
    if options == ">S" and not fine then refused = refused + 1 end
    if fine and info and info.func and debug.getinfo(info.func, "S").what == "C" then shown = shown + 1 end
  end
end
return {refused, shown}
