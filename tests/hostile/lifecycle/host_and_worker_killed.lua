-- title: the worker is stopped, then the host is killed
-- threat: T-LIFE-1
-- verdict: killed
-- send: KILL host
-- stdin: endless
print("ready")
return io.read("a")
