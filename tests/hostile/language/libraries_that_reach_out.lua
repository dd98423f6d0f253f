-- title: every function of the standard libraries that reaches out of the process
-- threat: T-LANG-1
-- verdict: ok
-- value: {}
local there = {}
for _, path in ipairs{
  "io.close", "package.loadlib", "package.searchers", "package.searchpath",
  "debug.getregistry", "debug.getupvalue", "debug.setupvalue", "debug.upvaluejoin", "debug.sethook",
  "debug.getlocal", "debug.setlocal", "debug.setmetatable", "debug.getmetatable", "debug.debug", "debug.setuservalue",
  "debug.setcstacklimit", "string.dump", "loadstring", "module", "python", "lupa", "jit", "ffi", "bit32",
} do
  local library, name = path:match("^(%w+)%.(%w+)$")
  local found
  if library then found = _G[library] and _G[library][name] else found = rawget(_G, path) end
  if found ~= nil then there[path] = tostring(found) end
end
-- those that are there refuse
for _, attempt in ipairs{
  {"open", io.open, "/etc/passwd"}, {"write", io.open, "/tmp/made", "w"}, {"popen", io.popen, "id"}, {"tmpfile", io.tmpfile},
  {"input", io.input, "/etc/passwd"}, {"output", io.output, "/tmp/made"}, {"execute", os.execute, "id"},
  {"remove", os.remove, "/etc/passwd"}, {"rename", os.rename, "/a", "/b"}, {"tmpname", os.tmpname},
  {"setlocale", os.setlocale, "de_DE"}, {"loadfile", loadfile, "/etc/passwd"},
} do
  local fine, got = pcall(table.unpack(attempt, 2))
  if fine and got ~= nil then there[attempt[1]] = tostring(got) end
end
-- and no function but the script's own is handed out
local function own(info) return not info or not info.func or debug.getinfo(info.func, "S").short_src:find("libraries_that") end
table.sort({2, 1}, function()
  for level = 0, 40 do
    if not own(debug.getinfo(level, "f")) then there[level] = "a function" end
  end
end)
for _, value in ipairs{print, require, Tool.execute, pcall, load, debug.getinfo, coroutine.resume} do
  if not own(debug.getinfo(value, "f")) then there[tostring(value)] = "a function" end
end
return there
