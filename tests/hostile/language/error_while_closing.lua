-- title: every variable that is closed on the way of an error raises another
-- threat: T-LANG-4
-- verdict: error runtime
local function deep(n)
  local x <close> = setmetatable({}, {__close = function(_, e) error({n, e}) end})
  if n > 0 then deep(n - 1) end
  error("first")
end
deep(100)
