-- title: SIGHUP, SIGINT and SIGTERM in one moment
-- threat: T-LIFE-3
-- verdict: cancelled
-- send: HUP+INT+TERM+INT host
-- kept: ready\n
print("ready")
parallel{function() sleep(1000) end, function() sleep(2000) end}
