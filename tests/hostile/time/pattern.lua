-- title: a pattern that goes back over and over
-- threat: T-CPU-2
-- verdict: limit cpu
-- kept: before\n
print("before")
return ("a"):rep(100000):find((".-"):rep(20) .. "b")
