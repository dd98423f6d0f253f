-- title: coroutines that close, resume and collect one another while they wait for calls
-- threat: T-LANG-6
-- verdict: ok
-- options: --cpu 4
-- value: "done"
local all = {}
for i = 1, 20 do
  all[i] = coroutine.create(function()
    local x <close> = setmetatable({}, {__close = function() pcall(sleep, 0) end})
    coroutine.yield(pcall(Tool.list))
    pcall(coroutine.close, all[i % 20 + 1])
    pcall(coroutine.resume, all[i])
  end)
end
for round = 1, 3 do
  for i = 1, 20 do pcall(coroutine.resume, all[i]) end
  collectgarbage()
end
return "done"
