-- title: calls to the host with nothing left for their answers
-- threat: T-MEM-4
-- verdict: limit memory
-- options: --allow-tool base64-encoder
local held, size = {}, 1 << 20
while size > 16 do
  if not pcall(function() held[#held + 1] = ("x"):rep(size) end) then size = size // 2 end
end
local input = held[1]:sub(1, 200000)
for i = 1, 50 do pcall(Tool.execute, "base64-encoder", {operation = "encode", input = input}) end
held = nil
return "went on"
