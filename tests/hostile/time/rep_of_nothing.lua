-- title: the empty string, as often as can be said
-- threat: T-CPU-2
-- verdict: limit cpu
return #(""):rep(math.maxinteger)
