-- title: a walk over everything that can be reached finds no foreign object and no path out
-- threat: T-LANG-1
-- verdict: ok
-- value: {}
local seen, odd = {}, {}
local function walk(value, path)
  local kind = type(value)
  if kind == "userdata" then odd[path] = tostring(value) end
  if kind ~= "table" and kind ~= "function" and kind ~= "thread" or seen[value] then return end
  seen[value] = true
  local meta = getmetatable(value)
  if type(meta) == "table" then walk(meta, path .. "<meta>") end
  if kind == "table" then
    for k, v in next, value do walk(k, path .. ".<key>") walk(v, path .. "." .. tostring(k)) end
  end
end
walk(_G, "_G")
walk(getmetatable(""), "string")
walk(coroutine.running(), "main")
local fine, problem = pcall(Tool.execute, "nothing")
walk(problem, "error")
walk(package.loaded, "loaded")
return odd
