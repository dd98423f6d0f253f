-- title: a balanced match over brackets that never close
-- threat: T-CPU-2
-- verdict: limit cpu
return ("("):rep(1000000):gsub("%b()", "")
