-- title: one line of a stdin that holds no line end
-- threat: T-MEM-4
-- verdict: limit memory
-- stdin: zero
for line in io.lines() do print(#line) end
