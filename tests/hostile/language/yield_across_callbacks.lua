-- title: yields out of every callback of C
-- threat: T-LANG-6
-- verdict: ok
-- value: [false, false, false, false, false]
local function inside(f, ...) return (coroutine.resume(coroutine.create(f), ...)) end
return {
  inside(function() return ("x"):gsub("x", coroutine.yield) end) and coroutine.isyieldable() or false,
  coroutine.isyieldable(),
  inside(function() table.sort({2, 1}, coroutine.yield) error("resumed") end) and false,
  inside(function() load(coroutine.yield) error("resumed") end) and false,
  (pcall(coroutine.yield)),
}
