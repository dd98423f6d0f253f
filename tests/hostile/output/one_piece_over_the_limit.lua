-- title: one piece of output that is larger than the limit: what fits is shown
-- threat: T-OUT-1
-- verdict: limit output
-- options: --max-output 1000K
-- kept: xxxxxxxxxxxxxxxx
io.write(("x"):rep(3 << 20))
