-- title: SIGHUP while the script waits for stdin
-- threat: T-LIFE-3
-- verdict: cancelled 129
-- send: HUP host
-- stdin: endless
-- kept: ready\n
print("ready")
return io.read("l")
