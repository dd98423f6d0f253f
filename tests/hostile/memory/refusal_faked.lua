-- title: a script that only says that memory was refused
-- threat: T-WIRE-4
-- verdict: limit memory
error("not enough memory", 0)
