-- title: the empty string, as often as can be said
-- threat: T-CPU-2
-- verdict: limit cpu
-- options: --cpu 0.3
return #(""):rep(math.maxinteger)
