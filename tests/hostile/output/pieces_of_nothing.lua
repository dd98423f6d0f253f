-- title: empty output, for ever
-- threat: T-OUT-1
-- verdict: limit cpu
-- options: --cpu 0.5
while true do io.write("") io.stderr:write("") end
