-- title: all of a stdin that never ends is asked for
-- threat: T-MEM-4
-- verdict: limit memory
-- stdin: zero
-- kept: before\n
print("before")
return #io.read("a")
