-- title: the limit is crossed by the two streams together, not by either
-- threat: T-OUT-1
-- verdict: limit output
-- options: --max-output 1M
for i = 1, 600 do io.write(("o"):rep(1000)) io.stderr:write(("e"):rep(1000)) end
