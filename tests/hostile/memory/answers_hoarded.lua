-- title: every answer of the host is kept
-- threat: T-MEM-4
-- verdict: limit memory
-- options: --allow-tool base64-encoder
local held, input = {}, ("x"):rep(700000)
for i = 1, 1000 do
  held[i] = Tool.execute("base64-encoder", {operation = "encode", input = input .. i})
end
