-- title: os.exit when nothing is left for the last word
-- threat: T-MEM-4
-- verdict: ok
-- kept: before\n
print("before")
KEPT = {}
local size = 1 << 20
while size > 8 do
  if not pcall(function() KEPT[#KEPT + 1] = ("x"):rep(size) end) then size = size // 2 end
end
os.exit(0)
