-- title: every function of the standard libraries that reaches out of the process
-- threat: T-LANG-1
-- verdict: ok
-- value: {}
local there = {}
for _, path in ipairs{
  "io.open", "io.popen", "io.tmpfile", "io.input", "io.output", "io.close", "os.execute", "os.remove", "os.rename",
  "os.tmpname", "os.setlocale", "package.loadlib", "package.searchers", "package.searchpath", "package.preload",
  "debug.getregistry", "debug.getupvalue", "debug.setupvalue", "debug.upvaluejoin", "debug.sethook", "debug.getinfo",
  "debug.getlocal", "debug.setlocal", "debug.setmetatable", "debug.getmetatable", "debug.debug", "debug.setuservalue",
  "debug.setcstacklimit", "string.dump", "loadfile", "loadstring", "module", "python", "lupa", "jit", "ffi", "bit32",
} do
  local library, name = path:match("^(%w+)%.(%w+)$")
  local found
  if library then found = _G[library] and _G[library][name] else found = rawget(_G, path) end
  if found ~= nil then there[path] = tostring(found) end
end
return there
