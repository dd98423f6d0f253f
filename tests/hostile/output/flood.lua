-- title: output as fast as it goes
-- threat: T-OUT-1
-- verdict: limit output
-- options: --max-output 1M
while true do print(("x"):rep(1000)) end
