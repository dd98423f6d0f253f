-- title: a replacement a hundred times as long as what it replaces
-- threat: T-MEM-1
-- verdict: limit memory
return #(("x"):rep(1000000):gsub(".", ("y"):rep(100)))
