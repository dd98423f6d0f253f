-- title: string.pack with a padding of a hundred megabytes
-- threat: T-MEM-1
-- verdict: limit memory
return #string.pack("c100000000", "x")
