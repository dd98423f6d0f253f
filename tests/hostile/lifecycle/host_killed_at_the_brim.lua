-- title: the host is killed while its worker lives at the brim of its memory
-- threat: T-LIFE-1
-- verdict: killed
-- send: KILL host
print("ready")
local held = {}
while true do pcall(function() while true do held[#held + 1] = ("x"):rep(9999) end end) held[#held] = nil end
