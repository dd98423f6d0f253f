-- title: recursion through each kind of metamethod
-- threat: T-LANG-5
-- verdict: ok
-- options: --cpu 4
-- value: 8
local count = 0
for _, name in ipairs{"__index", "__newindex", "__call", "__concat", "__eq", "__lt", "__len", "__unm"} do
  local meta = {}
  local object = setmetatable({}, meta)
  local act = {
    __index = function() return object.x end, __newindex = function() object.x = 1 end,
    __call = function() return 1 + object() end, __concat = function() return (object .. object) .. "" end,
    __eq = function() return setmetatable({}, meta) == object end, __lt = function() return not (object < object) end,
    __len = function() return #object + 1 end, __unm = function() return -object + 1 end,
  }
  meta[name] = act[name]
  local try = {
    __index = function() return object.x end, __newindex = function() object.x = 1 end, __call = function() return object() end,
    __concat = function() return object .. "" end, __eq = function() return object == setmetatable({}, meta) end,
    __lt = function() return object < object end, __len = function() return #object end, __unm = function() return -object end,
  }
  if not pcall(try[name]) then count = count + 1 end
end
return count
