-- title: an error with a long message and a traceback when nothing is left
-- threat: T-MEM-4
-- verdict: limit memory
local held, size = {}, 1 << 20
while size > 8 do
  if not pcall(function() held[#held + 1] = ("x"):rep(size) end) then size = size // 2 end
end
KEPT = held
local function deep(n) if n == 0 then error(held[1]) end deep(n - 1) return 1 end
deep(100)
