print(math.random(), math.random(2 ^ 30), Tool.execute("uuid-generator", {operation = "generate"}).text)
print(os.time(), os.clock(), os.date("%Y-%m-%d %H:%M:%S"), Tool.execute("datetime-handler", {operation = "now"}).text)
math.randomseed(5)
print(math.random(1000))

local many = {[3] = true, [2.5] = true, [true] = true, [false] = true}
for i = 1, 40 do many["key " .. (i * 7919) % 41] = i end
local met = {}
for key in pairs(many) do met[#met + 1] = tostring(key) end
print(table.concat(met, " "))
local key, value = next(many)
while key ~= nil do -- the fields of a walk may be cleared
  many[key] = nil
  met[#met] = tostring(key) .. tostring(value)
  key, value = next(many, key)
end
print(met[#met], next(many))

local empty, work = {}, function() end
print(empty, work, empty, coroutine.create(work), {})
print(pcall(string.format, "%s", work))

local ended = {}
local function add(word) ended[#ended + 1] = word end
parallel {
  function() sleep(3000) add("last") end,
  function() sleep(1000) add("first") end,
  function() add(Tool.execute("give-back", {value = "called"})) end,
  function() add(Tool.execute("give-back", {value = "called too"})) end,
}
print(table.concat(ended, ", "))
return {b = 1, a = 2, d = 3, c = 4}
