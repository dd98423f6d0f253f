-- title: host errors of every kind are searched for an object of the host
-- threat: T-ENG-1
-- verdict: ok
-- options: --allow-tool calculator --allow-tool json-processor --allow-model echo/*
-- value: {}
local odd = {}
local function look(value, path, seen)
  if type(value) == "userdata" or type(value) == "function" then odd[path] = tostring(value) end
  if type(value) ~= "table" or seen[value] then return end
  seen[value] = true
  for k, v in next, value do look(k, path .. "<key>", seen) look(v, path .. "." .. tostring(k), seen) end
end
for name, attempt in next, {
  overflow = function() Tool.execute("calculator", {input = "1", variables = {x = 1e308 * 10}}) end,
  surrogate = function() JSON.parse('"\\ud800"') end,
  bytes = function() Tool.execute("\xff", {}) end,
  long = function() Tool.execute(("n"):rep(1000), {}) end,
  deep = function() local t = {} for i = 1, 100 do t = {t} end Tool.execute("json-processor", {input = t}) end,
  cycle = function() local t = {} t.t = t Tool.execute("json-processor", {input = t}) end,
  own = function() Tool.execute("calculator", {input = _G}) end,
  thread = function() Tool.execute("calculator", {input = coroutine.running()}) end,
  agent = function() Agent.create{model = {provider = {}, model_id = 1}} end,
  mixed = function() Tool.execute("calculator", {1, x = 2}) end,
} do
  local fine, problem = pcall(attempt)
  if not fine then look(problem, name, {}) end
end
return odd
