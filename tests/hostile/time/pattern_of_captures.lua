-- title: gsub with a nested back reference
-- threat: T-CPU-2
-- verdict: limit cpu
return ("a"):rep(50000):gsub("(a*)(a*)%1b", "%2")
