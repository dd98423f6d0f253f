-- title: os.exit from a coroutine in a finalizer in a callback of sort
-- threat: T-LANG-6
-- verdict: ok
-- never: after
table.sort({3, 2, 1}, function(a, b)
  setmetatable({}, {__gc = function() coroutine.wrap(function() os.exit(0) end)() end})
  collectgarbage()
  print("after")
  return a < b
end)
