-- title: a result of five megabytes
-- threat: T-ENG-4
-- verdict: error validation
return ("x"):rep(5 << 20)
