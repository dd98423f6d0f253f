-- title: a line from a stdin on which nobody writes
-- threat: T-WALL-1
-- verdict: limit wall
-- options: --timeout 0.7
-- stdin: endless
-- passes: command
-- kept: before\n
print("before")
return io.read("l")
